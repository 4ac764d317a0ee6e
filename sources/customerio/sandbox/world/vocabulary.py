"""Names and texts of the world: people, plans, campaigns, subjects, events, objects."""

FIRST_NAMES = (
    "Ada", "Amélie", "Anne-Marie", "Björn", "Chidi", "Chloé", "Dmitri", "Elif", "Fatima", "Grace", "Hiro",
    "Ines", "Jürgen", "Kofi", "Lena", "Łukasz", "María", "Noor", "Olu", "Priya", "Quinn", "Renée", "Saoirse",
    "Søren", "Tomás", "Uma", "Věra", "Wei", "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abe", "Brown", "Costa", "Dubois", "Eze", "Fischer", "García", "Hansen", "Ito", "Jones", "Kaya",
    "Lindqvist", "Müller", "Nguyen", "O'Brien", "Papadopoulos", "Quispe", "Rossi", "Silva", "Tanaka",
    "Ünal", "Van der Berg", "Wilson", "Xu", "Yılmaz", "Zhang",
)  # fmt: skip
COUNTRIES = ("US", "US", "US", "DE", "DE", "GB", "FR", "BR", "JP", "NL", "CA", "IN")
PLANS = ("free", "free", "free", "trial", "pro", "pro", "team", "enterprise")
PAID_PLANS = ("pro", "team", "enterprise")
COLORS = ("red", "green", "blue", "orange, really", "white", "black")
INTERESTS = ("news", "offers", "events", "beta", "webinars")
BIO = (
    'Says "hello", often',
    "Line one\nline two",
    "Likes tea, cake; and rain ☔",
    "=1+1",
)
CAMPAIGNS = (
    ("Welcome series", "seg_attr"),
    ("Abandoned cart", "event"),
    ("Trial ending", "date"),
    ("Win back", "seg_attr"),
    ("Onboarding checklist", "event"),
    ("Birthday", "date"),
    ("Review request", "event"),
    ("Upgrade to Pro", "seg_attr"),
    ("Webinar follow-up", "form"),
    ("Renewal reminder", "date"),
    ("Feature tour", "event"),
    ("Refer a friend", "seg_attr"),
    ("Payment failed", "event"),
    ("Survey: how are we doing?", "form"),
    ("Back in stock", "event"),
    ("Anniversary", "date"),
    ("Inactive for 30 days", "seg_attr"),
    ("Shipping updates", "event"),
    ("VIP club", "seg_attr"),
    ("Partner leads", "webhook"),
)
SUBJECTS = (
    "Welcome, {{customer.first_name}}!",
    "You left something behind 🛒",
    "Three days left",
    "We miss you",
    "Your next step",
    "A little something for you",
    "How did it go?",
    "More room to grow",
)
NEWSLETTERS = ("Product news", "Monthly digest", "Spring sale", "Tips & tricks", "Community letter")
BROADCASTS = ("Incident notice", "Price change", "Store opening", "Event reminder", "Policy update", "Recall")
EVENTS: tuple[tuple[str, str | None], ...] = (
    ("event", "order_placed"),
    ("event", "cart_updated"),
    ("event", "trial_started"),
    ("event", "support ticket opened"),
    ("page", None),
    ("page", None),
    ("screen", "Home"),
    ("screen", "Basket"),
)
OBJECT_TYPES = (
    ("1", "Companies", "Company", True),
    ("2", "Courses", "Course", True),
    ("3", "Concerts", "Concert", False),
)
COMPANIES = (
    "Acme", "Borealis", "Cobalt Labs", "Driftwood", "Evergreen", "Foundry Nine", "Gullwing", "Harbour & Co",
    "Ironbark", "Juniper", "Kestrel", "Lumen", "Meridian", "Northwind", "Oakline", "Pine Street", "Quarry",
    "Redwood",
)  # fmt: skip
COURSES = ("First steps", "Segments in depth", "Liquid for all", "Deliverability", "Data in", "Data out")
