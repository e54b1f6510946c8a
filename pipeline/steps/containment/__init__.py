"""The step containment: documents that contain other documents."""
