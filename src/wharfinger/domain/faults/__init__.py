"""Every way in which a request can fail, one class each, with fields and without words.

A fault is raised once, where the rule is; `wharfinger.api.wording` gives it its words and status per protocol.
"""

from wharfinger.domain.faults.access import *
from wharfinger.domain.faults.base import *
from wharfinger.domain.faults.blobs import *
from wharfinger.domain.faults.deleting import *
from wharfinger.domain.faults.images import *
from wharfinger.domain.faults.lifecycle import *
from wharfinger.domain.faults.policies import *
from wharfinger.domain.faults.repositories import *
from wharfinger.domain.faults.requests import *
