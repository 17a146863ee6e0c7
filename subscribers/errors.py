"""What can go wrong with subscribers, in words a member of staff can act on."""


class SubscribersError(Exception):
    """Something about a subscriber could not be done."""


class AddressError(SubscribersError):
    """This is not a mail address that can be used."""


class UnknownSubscriberError(SubscribersError):
    """There is no such subscriber."""


class ImportFileError(SubscribersError):
    """The file cannot be read as a list of subscribers."""


class SuppressionError(SubscribersError):
    """The suppression cannot be made or lifted."""


class ImportUndoError(SubscribersError):
    """The import cannot be taken back."""
