from django.apps import AppConfig


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "発行と配信"

    def ready(self) -> None:
        """Register the system checks; importing them is what registers them."""
        from newsletter import checks  # noqa: F401
