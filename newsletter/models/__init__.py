"""Fields, constraints and one-line predicates. The verbs live in the modules named after each subject."""

from newsletter.models.campaign import Campaign, Exclusion
from newsletter.models.delivery import Attempt, Delivery, Letter, ProviderPace
from newsletter.models.gate import LinkCheck, ProofDecision
from newsletter.models.installation import Association, Installation
from newsletter.models.issue import Approval, Correction, Edition, Issue, Placement, SearchText
from newsletter.models.roster import RosterAnswer, RosterLine, RosterRound, RosterSheet

__all__ = [
    "Approval",
    "Association",
    "Attempt",
    "Campaign",
    "Correction",
    "Delivery",
    "Edition",
    "Exclusion",
    "Installation",
    "Issue",
    "Letter",
    "LinkCheck",
    "Placement",
    "ProofDecision",
    "ProviderPace",
    "RosterAnswer",
    "RosterLine",
    "RosterRound",
    "RosterSheet",
    "SearchText",
]
