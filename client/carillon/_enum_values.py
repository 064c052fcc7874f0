"""Values of enums: names without their prefix, or the numbers of the protos."""

from __future__ import annotations

from typing import TypeAlias

Channel: TypeAlias = str | int
Priority: TypeAlias = str | int
PushPlatform: TypeAlias = str | int
VerificationState: TypeAlias = str | int
DeliveryState: TypeAlias = str | int
StatsDimension: TypeAlias = str | int
StatsBucket: TypeAlias = str | int
