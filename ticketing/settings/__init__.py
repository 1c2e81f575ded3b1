"""All settings, a part for each subject. See `.env.example` for what the environment may say.

They are the only place that reads the environment (and `.env`). Without the sandbox a missing
secret stops the start with a sentence saying which one. Each name is set in one part only.
"""

from ticketing.settings.environment import *  # first: where this runs, and how the others read
from ticketing.settings.components import *
from ticketing.settings.database import *
from ticketing.settings.accounts import *
from ticketing.settings.back_office import *
from ticketing.settings.api import *
from ticketing.settings.selling import *
from ticketing.settings.jobs import *
from ticketing.settings.languages import *
from ticketing.settings.security import *
from ticketing.settings.logs import *
