"""What kinds of notifications a tenant has, and how they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from carillon._message import message
from carillon._rpc import rpc
from carillon.catalog_types import (
    CatalogBundleLike,
    CatalogSettingsLike,
    LayoutLike,
    NotificationTypeLike,
    TemplateLike,
)
from carillon.types import Channel
from carillon.v1 import catalog_service_pb2 as pb

SERVICE = "carillon.v1.CatalogService"


@rpc(SERVICE, "PutType", pb.PutTypeResponse)
def put_type(*, type: NotificationTypeLike) -> pb.PutTypeRequest:
    """Creates or replaces a type. Raises `FieldInvalidError` where its templates would not fit any more."""
    return message(pb.PutTypeRequest, type=type)


@rpc(SERVICE, "GetType", pb.GetTypeResponse)
def get_type(*, name: str) -> pb.GetTypeRequest:
    """Returns a type."""
    return message(pb.GetTypeRequest, name=name)


@rpc(SERVICE, "ListTypes", pb.ListTypesResponse)
def list_types(*, page_size: int = 0, page_token: str = "", catalog: str = "") -> pb.ListTypesRequest:
    """Returns a page of types, by name; with `catalog`, only what that one brought.

    A page holds 1 to 1,000 types, 100 if `page_size` is 0. `list_all_types` walks through all pages.
    """
    return message(pb.ListTypesRequest, page_size=page_size, page_token=page_token, catalog=catalog)


@rpc(SERVICE, "DeleteType", pb.DeleteTypeResponse)
def delete_type(*, name: str) -> pb.DeleteTypeRequest:
    """Removes a type and its templates. Idempotent."""
    return message(pb.DeleteTypeRequest, name=name)


@rpc(SERVICE, "PutTemplate", pb.PutTemplateResponse)
def put_template(*, template: TemplateLike, inactive: bool = False) -> pb.PutTemplateRequest:
    """Adds a version of a template, and uses it unless `inactive`. The first version is always used.

    Raises `FieldInvalidError`, naming part and line, for what does not parse or would not render.
    """
    return message(pb.PutTemplateRequest, template=template, inactive=inactive)


@rpc(SERVICE, "GetTemplate", pb.GetTemplateResponse)
def get_template(*, type: str, channel: Channel, locale: str, version: int = 0) -> pb.GetTemplateRequest:
    """Returns one version of a template; without `version` the one in use."""
    return message(pb.GetTemplateRequest, type=type, channel=channel, locale=locale, version=version)


@rpc(SERVICE, "ListTemplates", pb.ListTemplatesResponse)
def list_templates(
    *,
    page_size: int = 0,
    page_token: str = "",
    type: str = "",
    channel: Channel | None = None,
    locale: str = "",
    all_versions: bool = False,
) -> pb.ListTemplatesRequest:
    """Returns a page of templates by type, channel, locale and version: those in use, or `all_versions`.

    A page holds 1 to 1,000 templates, 100 if `page_size` is 0. `list_all_templates` walks through all pages.
    """
    return message(
        pb.ListTemplatesRequest,
        page_size=page_size,
        page_token=page_token,
        type=type,
        channel=channel,
        locale=locale,
        all_versions=all_versions,
    )


@rpc(SERVICE, "ActivateTemplateVersion", pb.ActivateTemplateVersionResponse)
def activate_template_version(
    *, type: str, channel: Channel, locale: str, version: int
) -> pb.ActivateTemplateVersionRequest:
    """Makes a version the one that is used: forward, or back to an earlier one. Idempotent."""
    return message(
        pb.ActivateTemplateVersionRequest, type=type, channel=channel, locale=locale, version=version
    )


@rpc(SERVICE, "DeleteTemplate", pb.DeleteTemplateResponse)
def delete_template(*, type: str, channel: Channel, locale: str) -> pb.DeleteTemplateRequest:
    """Removes all versions of a template. Idempotent."""
    return message(pb.DeleteTemplateRequest, type=type, channel=channel, locale=locale)


@rpc(SERVICE, "PutLayout", pb.PutLayoutResponse)
def put_layout(*, layout: LayoutLike) -> pb.PutLayoutRequest:
    """Creates or replaces a layout or a partial. Raises `FieldInvalidError` where a template that uses it
    would not render any more.
    """
    return message(pb.PutLayoutRequest, layout=layout)


@rpc(SERVICE, "ListLayouts", pb.ListLayoutsResponse)
def list_layouts(*, page_size: int = 0, page_token: str = "") -> pb.ListLayoutsRequest:
    """Returns a page of layouts and partials, by name."""
    return message(pb.ListLayoutsRequest, page_size=page_size, page_token=page_token)


@rpc(SERVICE, "DeleteLayout", pb.DeleteLayoutResponse)
def delete_layout(*, name: str) -> pb.DeleteLayoutRequest:
    """Removes a layout or a partial. Raises `LayoutInUseError` while a template uses it. Idempotent."""
    return message(pb.DeleteLayoutRequest, name=name)


@rpc(SERVICE, "PreviewTemplate", pb.PreviewTemplateResponse)
def preview_template(
    *,
    type: str = "",
    data: Mapping[str, Any] | None = None,
    locale: str = "",
    time_zone: str = "",
    recipient_id: str = "",
    channels: Sequence[Channel] = (),
    template: TemplateLike | None = None,
    version: int = 0,
) -> pb.PreviewTemplateRequest:
    """Renders a type on every channel side by side, with its sample unless `data` is given.

    `template` stands in for the one in use without being stored, `version` for that of the one channel in
    `channels`. What cannot be rendered has a `problem` instead.
    """
    return message(
        pb.PreviewTemplateRequest,
        type=type,
        data=data,
        locale=locale,
        time_zone=time_zone,
        recipient_id=recipient_id,
        channels=channels,
        template=template,
        version=version,
    )


@rpc(SERVICE, "SendTest", pb.SendTestResponse)
def send_test(
    *,
    type: str,
    recipient_id: str,
    data: Mapping[str, Any] | None = None,
    channels: Sequence[Channel] = (),
    locale: str = "",
) -> pb.SendTestRequest:
    """Sends one real notification of a type, with its sample unless `data` is given, whatever the
    recipient's preferences say.
    """
    return message(
        pb.SendTestRequest,
        type=type,
        recipient_id=recipient_id,
        data=data,
        channels=channels,
        locale=locale,
    )


@rpc(SERVICE, "ApplyCatalog", pb.ApplyCatalogResponse)
def apply_catalog(
    *, bundle: CatalogBundleLike, dry_run: bool = False, prune: bool = False
) -> pb.ApplyCatalogRequest:
    """Applies a whole bundle, or nothing of it. `dry_run` only tells what would change; `prune` removes what
    an earlier bundle of the same name brought and this one does not have. Idempotent.
    """
    return message(pb.ApplyCatalogRequest, bundle=bundle, dry_run=dry_run, prune=prune)


@rpc(SERVICE, "ExportCatalog", pb.ExportCatalogResponse)
def export_catalog(*, catalog: str = "") -> pb.ExportCatalogRequest:
    """Returns what the tenant has as a bundle; with `catalog`, only what that one brought."""
    return message(pb.ExportCatalogRequest, catalog=catalog)


@rpc(SERVICE, "GetCatalogSettings", pb.GetCatalogSettingsResponse)
def get_catalog_settings() -> pb.GetCatalogSettingsRequest:
    """Returns the tenant's settings for types and templates."""
    return message(pb.GetCatalogSettingsRequest)


@rpc(SERVICE, "UpdateCatalogSettings", pb.UpdateCatalogSettingsResponse)
def update_catalog_settings(
    *, settings: CatalogSettingsLike, update_mask: Sequence[str] = ()
) -> pb.UpdateCatalogSettingsRequest:
    """Replaces the fields named in `update_mask` (`unknown_types`, `default_locale`, `default_time_zone`, or
    `*`); without one, those that are not empty.
    """
    return message(pb.UpdateCatalogSettingsRequest, settings=settings, update_mask=update_mask or None)
