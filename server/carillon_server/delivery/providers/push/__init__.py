"""Push messages: FCM, APNs and Web Push."""
