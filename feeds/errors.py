"""What can go wrong with sources, in words a member of staff can act on."""


class FeedsError(Exception):
    """Something about a source or a submission could not be done."""


class FetchError(FeedsError):
    """The address could not be fetched."""


class ParseError(FeedsError):
    """The document is not a feed that can be read."""


class MemberError(FeedsError):
    """There is no such member, or its code is wrong."""


class SubmissionError(FeedsError):
    """The submission cannot take this step."""


class AlreadyReceivedError(SubmissionError):
    """The same text was received before."""

    def __init__(self, message: str, submission_id: int) -> None:
        super().__init__(message)
        self.submission_id = submission_id  # the one that has the text


class WorkbookError(FeedsError):
    """The Excel form or CSV file cannot be read."""


class PhotoError(FeedsError):
    """The photo cannot be used."""
