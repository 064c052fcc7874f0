"""Webhooks as of Standard Webhooks."""
