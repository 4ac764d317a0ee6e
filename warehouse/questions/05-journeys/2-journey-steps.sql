-- topic: Journeys
-- question: At which step of a campaign do people stop clicking?
-- Steps are in the order in which Customer.io lists them; delays and branches send nothing. `opened` has the opens of
-- machines too, so compare clicks.
SELECT position, action_name, action_type, sent, reached, opened, clicked, clicked / reached AS clicked_share
FROM journey_step
WHERE campaign_name = 'Welcome series' AND reached > 0
ORDER BY position
LIMIT 6
