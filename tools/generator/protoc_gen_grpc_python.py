"""The gRPC generator of grpcio-tools as a protoc plugin.

grpcio-tools carries it only inside its own protoc, where buf cannot call it. So hand the request's
descriptors to that protoc and answer with the files it wrote.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc


def generate(request: CodeGeneratorRequest) -> CodeGeneratorResponse:
    response = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
    with tempfile.TemporaryDirectory() as directory:
        descriptors = Path(directory, "descriptors.bin")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        output = Path(directory, "output")
        output.mkdir()
        arguments = [f"--descriptor_set_in={descriptors}", f"--grpc_python_out={output}"]
        if protoc.main(["protoc", *arguments, *request.file_to_generate]) != 0:
            response.error = "protoc failed; its messages are above"
        for path in sorted(output.rglob("*.py")):
            response.file.add(name=path.relative_to(output).as_posix(), content=path.read_text())
    return response


if __name__ == "__main__":
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(request).SerializeToString())
