"""asyncndis: the NDIS 5.x driver model as concurrent async tasks."""
