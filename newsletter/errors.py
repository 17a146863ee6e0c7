"""What can go wrong with an issue and its way out, in words a member of staff can act on."""


class NewsletterError(Exception):
    """Something about the e-news could not be done."""


class ProfileError(NewsletterError):
    """The profile file is missing, unreadable or wrong."""


class LinkError(NewsletterError):
    """The link is wrong, or its time is over."""


class IssueError(NewsletterError):
    """The issue cannot take this step."""


class EditionError(NewsletterError):
    """The edition cannot be made, approved or sent."""


class CorrectionError(NewsletterError):
    """The correction cannot be entered."""


class ProofError(NewsletterError):
    """The proofreading stops this step, or cannot take it."""


class TemplateError(NewsletterError):
    """A mail template cannot be rendered."""


class CampaignError(NewsletterError):
    """The campaign cannot take this step."""


class RelayError(NewsletterError):
    """The relay cannot be used: no connection, no TLS, or the login was refused."""


class CatcherError(NewsletterError):
    """The mail catcher cannot be started."""


class InstallationError(NewsletterError):
    """This machine may not send from this database."""


class StaffError(NewsletterError):
    """The colleague is not known, or cannot be reached."""


class RosterError(NewsletterError):
    """This step of 宛先の確認 cannot be taken."""


class SegmentError(NewsletterError):
    """The conditions of the audience cannot be read."""


class UploadError(NewsletterError):
    """The list that was uploaded is not there any more, or is being taken in."""
