# Written from `OPERATIONS` by `make docs`; do not edit.
# fmt: off
# ruff: noqa: A002, E501

from collections.abc import Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec

from sources.customerio.catalogue import Operation
from sources.customerio.client.api import Caller
from sources.customerio.client.pages import Page
from sources.customerio.client.response import Answer

_P = ParamSpec("_P")

class _Method(Generic[_P]):
    operation: Operation
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Answer: ...

class _List(_Method[_P]):
    def pages(self, *args: _P.args, **kwargs: _P.kwargs) -> Iterator[Page]: ...
    def all(self, *args: _P.args, **kwargs: _P.kwargs) -> Iterator[Any]: ...

def _method(takes: Callable[Concatenate[Any, _P], None]) -> _Method[_P]: ...
def _list(takes: Callable[Concatenate[Any, _P], None]) -> _List[_P]: ...

class App:
    def __init__(self, client: Caller) -> None: ...
    @_list
    def list_broadcasts(self) -> None:
        """`GET /v1/broadcasts` (read; https://docs.customer.io/integrations/api/app/#operation/listBroadcasts)."""
    @_method
    def get_broadcast(self, *, broadcast_id: int | str) -> None:
        """`GET /v1/broadcasts/{broadcast_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getBroadcast)."""
    @_list
    def broadcast_actions(self, *, broadcast_id: int | str) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/actions` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastActions)."""
    @_method
    def get_broadcast_action(self, *, broadcast_id: int | str, action_id: int | str) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/actions/{action_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getBroadcastAction)."""
    @_method
    def update_broadcast_action(self, *, broadcast_id: int | str, action_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/broadcasts/{broadcast_id}/actions/{action_id}` (write; https://docs.customer.io/integrations/api/app/#operation/updateBroadcastAction)."""
    @_method
    def get_broadcast_action_language(self, *, broadcast_id: int | str, action_id: int | str, language: str | int) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/actions/{action_id}/language/{language}` (read; https://docs.customer.io/integrations/api/app/#operation/getBroadcastActionLanguage)."""
    @_method
    def update_broadcast_action_language(self, *, broadcast_id: int | str, action_id: int | str, language: str | int, body: object | None = ...) -> None:
        """`PUT /v1/broadcasts/{broadcast_id}/actions/{action_id}/language/{language}` (write; https://docs.customer.io/integrations/api/app/#operation/updateBroadcastActionLanguage)."""
    @_method
    def broadcast_action_metrics(self, *, broadcast_id: int | str, action_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., type: str | int | None = ...) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/actions/{action_id}/metrics` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastActionMetrics)."""
    @_list
    def broadcast_action_links(self, *, broadcast_id: int | str, action_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., type: str | int | None = ...) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/actions/{action_id}/metrics/links` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastActionLinks)."""
    @_list
    def broadcast_messages(self, *, broadcast_id: int | str, start: str | int | None = ..., limit: int | str | None = ..., metric: str | int | None = ..., state: str | int | None = ..., type: str | int | None = ..., start_ts: int | str | None = ..., end_ts: int | str | None = ...) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/messages` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastMessages)."""
    @_method
    def broadcast_metrics(self, *, broadcast_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., type: str | int | None = ...) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/metrics` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastMetrics)."""
    @_list
    def broadcast_links(self, *, broadcast_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., unique: bool | str | None = ...) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/metrics/links` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastLinks)."""
    @_list
    def list_broadcast_triggers(self, *, broadcast_id: int | str) -> None:
        """`GET /v1/broadcasts/{broadcast_id}/triggers` (read; https://docs.customer.io/integrations/api/app/#operation/listBroadcastTriggers)."""
    @_list
    def list_campaigns(self) -> None:
        """`GET /v1/campaigns` (read; https://docs.customer.io/integrations/api/app/#operation/listCampaigns)."""
    @_method
    def trigger_broadcast(self, *, broadcast_id: int | str, body: object | None = ...) -> None:
        """`POST /v1/campaigns/{broadcast_id}/triggers` (send; https://docs.customer.io/integrations/api/app/#operation/triggerBroadcast)."""
    @_method
    def broadcast_status(self, *, broadcast_id: int | str, trigger_id: int | str) -> None:
        """`GET /v1/campaigns/{broadcast_id}/triggers/{trigger_id}` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastStatus)."""
    @_list
    def broadcast_errors(self, *, broadcast_id: int | str, trigger_id: int | str, start: str | int | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/campaigns/{broadcast_id}/triggers/{trigger_id}/errors` (read; https://docs.customer.io/integrations/api/app/#operation/broadcastErrors)."""
    @_method
    def get_campaigns(self, *, campaign_id: int | str) -> None:
        """`GET /v1/campaigns/{campaign_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getCampaigns)."""
    @_list
    def list_campaign_actions(self, *, campaign_id: int | str, start: str | int | None = ...) -> None:
        """`GET /v1/campaigns/{campaign_id}/actions` (read; https://docs.customer.io/integrations/api/app/#operation/listCampaignActions)."""
    @_method
    def get_campaign_action(self, *, campaign_id: int | str, action_id: int | str) -> None:
        """`GET /v1/campaigns/{campaign_id}/actions/{action_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getCampaignAction)."""
    @_method
    def update_campaign_action(self, *, campaign_id: int | str, action_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/campaigns/{campaign_id}/actions/{action_id}` (write; https://docs.customer.io/integrations/api/app/#operation/updateCampaignAction)."""
    @_method
    def get_campaign_action_translation(self, *, campaign_id: int | str, action_id: int | str, language: str | int) -> None:
        """`GET /v1/campaigns/{campaign_id}/actions/{action_id}/language/{language}` (read; https://docs.customer.io/integrations/api/app/#operation/getCampaignActionTranslation)."""
    @_method
    def update_campaign_action_translation(self, *, campaign_id: int | str, action_id: int | str, language: str | int, body: object | None = ...) -> None:
        """`PUT /v1/campaigns/{campaign_id}/actions/{action_id}/language/{language}` (write; https://docs.customer.io/integrations/api/app/#operation/updateCampaignActionTranslation)."""
    @_method
    def campaign_action_metrics(self, *, campaign_id: int | str, action_id: int | str, version: int | str, type: str | int | None = ..., res: str | int | None = ..., tz: str | int | None = ..., start: int | str | None = ..., end: int | str | None = ..., period: str | int | None = ..., steps: int | str | None = ...) -> None:
        """`GET /v1/campaigns/{campaign_id}/actions/{action_id}/metrics` (read; https://docs.customer.io/integrations/api/app/#operation/campaignActionMetrics)."""
    @_list
    def campaign_action_links(self, *, campaign_id: int | str, action_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., type: str | int | None = ...) -> None:
        """`GET /v1/campaigns/{campaign_id}/actions/{action_id}/metrics/links` (read; https://docs.customer.io/integrations/api/app/#operation/campaignActionLinks)."""
    @_method
    def campaign_journey_metrics(self, *, campaign_id: int | str, start: int | str, end: int | str, res: str | int, resolution: str | int | None = ...) -> None:
        """`GET /v1/campaigns/{campaign_id}/journey_metrics` (read; https://docs.customer.io/integrations/api/app/#operation/campaignJourneyMetrics)."""
    @_list
    def get_campaign_messages(self, *, campaign_id: int | str, start: str | int | None = ..., limit: int | str | None = ..., type: str | int | None = ..., metric: str | int | None = ..., drafts: bool | str | None = ..., start_ts: int | str | None = ..., end_ts: int | str | None = ...) -> None:
        """`GET /v1/campaigns/{campaign_id}/messages` (read; https://docs.customer.io/integrations/api/app/#operation/getCampaignMessages)."""
    @_method
    def campaign_metrics(self, *, campaign_id: int | str, version: int | str, type: str | int | None = ..., res: str | int | None = ..., tz: str | int | None = ..., start: int | str | None = ..., end: int | str | None = ..., period: str | int | None = ..., steps: int | str | None = ...) -> None:
        """`GET /v1/campaigns/{campaign_id}/metrics` (read; https://docs.customer.io/integrations/api/app/#operation/campaignMetrics)."""
    @_list
    def campaign_link_metrics(self, *, campaign_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., unique: bool | str | None = ...) -> None:
        """`GET /v1/campaigns/{campaign_id}/metrics/links` (read; https://docs.customer.io/integrations/api/app/#operation/campaignLinkMetrics)."""
    @_list
    def list_messages(self, *, start: str | int | None = ..., limit: int | str | None = ..., type: str | int | None = ..., metric: str | int | None = ..., drafts: bool | str | None = ..., campaign_id: int | str | None = ..., newsletter_id: int | str | None = ..., action_id: int | str | None = ..., transactional_id: int | str | None = ..., trigger_id: int | str | None = ..., template_id: int | str | None = ..., content_id: int | str | None = ..., start_ts: int | str | None = ..., end_ts: int | str | None = ..., associations: bool | str | None = ..., get_tracked_responses: bool | str | None = ...) -> None:
        """`GET /v1/messages` (read; https://docs.customer.io/integrations/api/app/#operation/listMessages)."""
    @_method
    def get_message(self, *, message_id: str | int, associations: bool | str | None = ..., get_tracked_responses: bool | str | None = ...) -> None:
        """`GET /v1/messages/{message_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getMessage)."""
    @_method
    def get_archived_message(self, *, message_id: str | int) -> None:
        """`GET /v1/messages/{message_id}/archived_message` (read; https://docs.customer.io/integrations/api/app/#operation/getArchivedMessage)."""
    @_list
    def list_newsletters(self, *, limit: int | str | None = ..., sort: str | int | None = ..., start: str | int | None = ...) -> None:
        """`GET /v1/newsletters` (read; https://docs.customer.io/integrations/api/app/#operation/listNewsletters)."""
    @_method
    def create_newsletter(self, *, body: object) -> None:
        """`POST /v1/newsletters` (send; https://docs.customer.io/integrations/api/app/#operation/createNewsletter)."""
    @_method
    def deletet_newsletters(self, *, newsletter_id: int | str) -> None:
        """`DELETE /v1/newsletters/{newsletter_id}` (destroy; https://docs.customer.io/integrations/api/app/#operation/deletetNewsletters)."""
    @_method
    def get_newsletters(self, *, newsletter_id: int | str) -> None:
        """`GET /v1/newsletters/{newsletter_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletters)."""
    @_list
    def list_newsletter_variants(self, *, newsletter_id: int | str) -> None:
        """`GET /v1/newsletters/{newsletter_id}/contents` (read; https://docs.customer.io/integrations/api/app/#operation/listNewsletterVariants)."""
    @_method
    def get_newsletter_variant(self, *, newsletter_id: int | str, content_id: int | str) -> None:
        """`GET /v1/newsletters/{newsletter_id}/contents/{content_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletterVariant)."""
    @_method
    def update_newsletter_variant(self, *, newsletter_id: int | str, content_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/newsletters/{newsletter_id}/contents/{content_id}` (write; https://docs.customer.io/integrations/api/app/#operation/updateNewsletterVariant)."""
    @_method
    def get_variant_metrics(self, *, newsletter_id: int | str, content_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., type: str | int | None = ...) -> None:
        """`GET /v1/newsletters/{newsletter_id}/contents/{content_id}/metrics` (read; https://docs.customer.io/integrations/api/app/#operation/getVariantMetrics)."""
    @_list
    def get_variant_links(self, *, newsletter_id: int | str, content_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., type: str | int | None = ...) -> None:
        """`GET /v1/newsletters/{newsletter_id}/contents/{content_id}/metrics/links` (read; https://docs.customer.io/integrations/api/app/#operation/getVariantLinks)."""
    @_method
    def get_newsletter_variant_translation(self, *, newsletter_id: int | str, language: str | int) -> None:
        """`GET /v1/newsletters/{newsletter_id}/language/{language}` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletterVariantTranslation)."""
    @_method
    def update_newsletter_variant_translation(self, *, newsletter_id: int | str, language: str | int, body: object | None = ...) -> None:
        """`PUT /v1/newsletters/{newsletter_id}/language/{language}` (write; https://docs.customer.io/integrations/api/app/#operation/updateNewsletterVariantTranslation)."""
    @_method
    def create_newsletter_language(self, *, newsletter_id: int | str, body: object) -> None:
        """`POST /v1/newsletters/{newsletter_id}/language` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_newsletter_language(self, *, newsletter_id: int | str, language: str | int) -> None:
        """`DELETE /v1/newsletters/{newsletter_id}/language/{language}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def get_newsletter_msg_meta(self, *, newsletter_id: int | str, start: str | int | None = ..., limit: int | str | None = ..., metric: str | int | None = ..., start_ts: int | str | None = ..., end_ts: int | str | None = ...) -> None:
        """`GET /v1/newsletters/{newsletter_id}/messages` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletterMsgMeta)."""
    @_method
    def get_newsletter_metrics(self, *, newsletter_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., type: str | int | None = ...) -> None:
        """`GET /v1/newsletters/{newsletter_id}/metrics` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletterMetrics)."""
    @_list
    def get_newsletter_links(self, *, newsletter_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., unique: bool | str | None = ...) -> None:
        """`GET /v1/newsletters/{newsletter_id}/metrics/links` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletterLinks)."""
    @_method
    def get_newsletter_variant_translation_test(self, *, newsletter_id: int | str, test_group_id: int | str, language: str | int) -> None:
        """`GET /v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletterVariantTranslationTest)."""
    @_method
    def update_newsletter_test_translation(self, *, newsletter_id: int | str, test_group_id: int | str, language: str | int, body: object | None = ...) -> None:
        """`PUT /v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}` (write; https://docs.customer.io/integrations/api/app/#operation/updateNewsletterTestTranslation)."""
    @_method
    def create_newsletter_test_group_language(self, *, newsletter_id: int | str, test_group_id: int | str, body: object) -> None:
        """`POST /v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_newsletter_test_group_language(self, *, newsletter_id: int | str, test_group_id: int | str, language: str | int) -> None:
        """`DELETE /v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def get_newsletter_test_groups(self, *, newsletter_id: int | str) -> None:
        """`GET /v1/newsletters/{newsletter_id}/test_groups` (read; https://docs.customer.io/integrations/api/app/#operation/getNewsletterTestGroups)."""
    @_method
    def create_newsletter_test_group(self, *, newsletter_id: int | str) -> None:
        """`POST /v1/newsletters/{newsletter_id}/test_groups` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def send_newsletter(self, *, newsletter_id: int | str, body: object | None = ...) -> None:
        """`POST /v1/newsletters/{newsletter_id}/send` (send; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def schedule_newsletter(self, *, newsletter_id: int | str, body: object) -> None:
        """`POST /v1/newsletters/{newsletter_id}/schedule` (send; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def send_email(self, *, body: object) -> None:
        """`POST /v1/send/email` (send; https://docs.customer.io/integrations/api/app/#operation/sendEmail)."""
    @_method
    def send_in_app(self, *, body: object | None = ...) -> None:
        """`POST /v1/send/in_app` (send; https://docs.customer.io/integrations/api/app/#operation/sendInApp)."""
    @_method
    def send_inbox_message(self, *, body: object | None = ...) -> None:
        """`POST /v1/send/inbox_message` (send; https://docs.customer.io/integrations/api/app/#operation/sendInboxMessage)."""
    @_method
    def send_push(self, *, body: object) -> None:
        """`POST /v1/send/push` (send; https://docs.customer.io/integrations/api/app/#operation/sendPush)."""
    @_method
    def send_sms(self, *, body: object) -> None:
        """`POST /v1/send/sms` (send; https://docs.customer.io/integrations/api/app/#operation/sendSMS)."""
    @_method
    def send_whats_app(self, *, body: object) -> None:
        """`POST /v1/send/whatsapp` (send; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def list_senders(self, *, start: str | int | None = ..., limit: int | str | None = ..., sort: str | int | None = ..., hidden: bool | str | None = ...) -> None:
        """`GET /v1/sender_identities` (read; https://docs.customer.io/integrations/api/app/#operation/listSenders)."""
    @_method
    def get_sender(self, *, sender_id: int | str) -> None:
        """`GET /v1/sender_identities/{sender_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getSender)."""
    @_method
    def get_sender_usage(self, *, sender_id: int | str) -> None:
        """`GET /v1/sender_identities/{sender_id}/used_by` (read; https://docs.customer.io/integrations/api/app/#operation/getSenderUsage)."""
    @_list
    def list_transactional(self) -> None:
        """`GET /v1/transactional` (read; https://docs.customer.io/integrations/api/app/#operation/listTransactional)."""
    @_method
    def get_transactional(self, *, transactional_id: int | str) -> None:
        """`GET /v1/transactional/{transactional_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getTransactional)."""
    @_method
    def update_transactional(self, *, transactional_id: int | str, content_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/transactional/{transactional_id}/content/{content_id}` (write; https://docs.customer.io/integrations/api/app/#operation/updateTransactional)."""
    @_list
    def list_transactional_variants(self, *, transactional_id: int | str) -> None:
        """`GET /v1/transactional/{transactional_id}/contents` (read; https://docs.customer.io/integrations/api/app/#operation/listTransactionalVariants)."""
    @_method
    def get_transactional_variant(self, *, transactional_id: int | str, language: str | int) -> None:
        """`GET /v1/transactional/{transactional_id}/language/{language}` (read; https://docs.customer.io/integrations/api/app/#operation/getTransactionalVariant)."""
    @_method
    def update_transactional_variant(self, *, transactional_id: int | str, language: str | int, body: object | None = ...) -> None:
        """`PUT /v1/transactional/{transactional_id}/language/{language}` (write; https://docs.customer.io/integrations/api/app/#operation/updateTransactionalVariant)."""
    @_list
    def transactional_messages(self, *, transactional_id: int | str, start: str | int | None = ..., limit: int | str | None = ..., metric: str | int | None = ..., state: str | int | None = ..., start_ts: int | str | None = ..., end_ts: int | str | None = ...) -> None:
        """`GET /v1/transactional/{transactional_id}/messages` (read; https://docs.customer.io/integrations/api/app/#operation/transactionalMessages)."""
    @_method
    def transactional_metrics(self, *, transactional_id: int | str, period: str | int | None = ..., steps: int | str | None = ...) -> None:
        """`GET /v1/transactional/{transactional_id}/metrics` (read; https://docs.customer.io/integrations/api/app/#operation/transactionalMetrics)."""
    @_list
    def transactional_links(self, *, transactional_id: int | str, period: str | int | None = ..., steps: int | str | None = ..., unique: bool | str | None = ...) -> None:
        """`GET /v1/transactional/{transactional_id}/metrics/links` (read; https://docs.customer.io/integrations/api/app/#operation/transactionalLinks)."""
    @_list
    def list_activities(self, *, start: str | int | None = ..., type: str | int | None = ..., name: str | int | None = ..., deleted: bool | str | None = ..., customer_id: str | int | None = ..., id_type: str | int | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/activities` (read; https://docs.customer.io/integrations/api/app/#operation/listActivities)."""
    @_list
    def get_people_email(self, *, email: str | int) -> None:
        """`GET /v1/customers` (read; https://docs.customer.io/integrations/api/app/#operation/getPeopleEmail)."""
    @_list
    def get_people_filter(self, *, start: str | int | None = ..., limit: int | str | None = ..., body: object) -> None:
        """`POST /v1/customers` (read; https://docs.customer.io/integrations/api/app/#operation/getPeopleFilter)."""
    @_list
    def get_people_by_id(self, *, id_type: str | int | None = ..., body: object) -> None:
        """`POST /v1/customers/attributes` (read; https://docs.customer.io/integrations/api/app/#operation/getPeopleById)."""
    @_list
    def get_person_activities(self, *, customer_id: str | int, id_type: str | int | None = ..., start: str | int | None = ..., limit: int | str | None = ..., type: str | int | None = ..., name: str | int | None = ...) -> None:
        """`GET /v1/customers/{customer_id}/activities` (read; https://docs.customer.io/integrations/api/app/#operation/getPersonActivities)."""
    @_method
    def get_person_attributes(self, *, customer_id: str | int, id_type: str | int | None = ...) -> None:
        """`GET /v1/customers/{customer_id}/attributes` (read; https://docs.customer.io/integrations/api/app/#operation/getPersonAttributes)."""
    @_list
    def get_person_messages(self, *, customer_id: str | int, id_type: str | int | None = ..., start: str | int | None = ..., limit: int | str | None = ..., start_ts: int | str | None = ..., end_ts: int | str | None = ...) -> None:
        """`GET /v1/customers/{customer_id}/messages` (read; https://docs.customer.io/integrations/api/app/#operation/getPersonMessages)."""
    @_list
    def get_person_relationships(self, *, customer_id: str | int, start: str | int | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/customers/{customer_id}/relationships` (read; https://docs.customer.io/integrations/api/app/#operation/getPersonRelationships)."""
    @_list
    def get_person_segments(self, *, customer_id: str | int, id_type: str | int | None = ...) -> None:
        """`GET /v1/customers/{customer_id}/segments` (read; https://docs.customer.io/integrations/api/app/#operation/getPersonSegments)."""
    @_method
    def get_person_subscription_preferences(self, *, customer_id: str | int, id_type: str | int | None = ..., language: str | int | None = ...) -> None:
        """`GET /v1/customers/{customer_id}/subscription_preferences` (read; https://docs.customer.io/integrations/api/app/#operation/getPersonSubscriptionPreferences)."""
    @_list
    def get_optouts(self, *, from_: str | int | None = ..., start: str | int | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/optouts` (read; https://docs.customer.io/integrations/api/app/#operation/getOptouts)."""
    @_list
    def get_person_optouts(self, *, customer_id: str | int, id_type: str | int | None = ...) -> None:
        """`GET /v1/customers/{customer_id}/optouts` (read; https://docs.customer.io/integrations/api/app/#operation/getPersonOptouts)."""
    @_method
    def update_person_optouts(self, *, customer_id: str | int, id_type: str | int | None = ..., body: object) -> None:
        """`PUT /v1/customers/{customer_id}/optouts` (write; https://docs.customer.io/integrations/api/app/#operation/updatePersonOptouts)."""
    @_method
    def get_subscription_center_token(self, *, customer_id: str | int) -> None:
        """`GET /v1/subscription_center/{customer_id}/token` (read; https://docs.customer.io/integrations/api/app/#operation/getSubscriptionCenterToken)."""
    @_list
    def get_domain_suppressions_by_type(self, *, domain_name: str | int, suppression_type: str | int, start: str | int | None = ..., limit: int | str | None = ..., email: str | int | None = ...) -> None:
        """`GET /v1/esp/domains/{domain_name}/suppression/{suppression_type}` (read; https://docs.customer.io/integrations/api/app/#operation/getDomainSuppressionsByType)."""
    @_list
    def get_suppression(self, *, email_address: str | int) -> None:
        """`GET /v1/esp/search_suppression/{email_address}` (read; https://docs.customer.io/integrations/api/app/#operation/getSuppression)."""
    @_list
    def get_suppression_by_type(self, *, suppression_type: str | int, limit: int | str | None = ..., offset: int | str | None = ..., domain: str | int | None = ..., email: str | int | None = ...) -> None:
        """`GET /v1/esp/suppression/{suppression_type}` (read; https://docs.customer.io/integrations/api/app/#operation/getSuppressionByType)."""
    @_method
    def delete_suppression(self, *, suppression_type: str | int, email_address: str | int) -> None:
        """`DELETE /v1/esp/suppression/{suppression_type}/{email_address}` (destroy; https://docs.customer.io/integrations/api/app/#operation/deleteSuppression)."""
    @_method
    def post_suppression(self, *, suppression_type: str | int, email_address: str | int) -> None:
        """`POST /v1/esp/suppression/{suppression_type}/{email_address}` (write; https://docs.customer.io/integrations/api/app/#operation/postSuppression)."""
    @_list
    def list_exports(self) -> None:
        """`GET /v1/exports` (read; https://docs.customer.io/integrations/api/app/#operation/listExports)."""
    @_method
    def export_people_data(self, *, body: object) -> None:
        """`POST /v1/exports/customers` (send; https://docs.customer.io/integrations/api/app/#operation/exportPeopleData)."""
    @_method
    def export_deliveries_data(self, *, body: object) -> None:
        """`POST /v1/exports/deliveries` (send; https://docs.customer.io/integrations/api/app/#operation/exportDeliveriesData)."""
    @_method
    def get_export(self, *, export_id: int | str) -> None:
        """`GET /v1/exports/{export_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getExport)."""
    @_method
    def download_export(self, *, export_id: int | str) -> None:
        """`GET /v1/exports/{export_id}/download` (read; https://docs.customer.io/integrations/api/app/#operation/downloadExport)."""
    @_method
    def import_(self, *, body: object) -> None:
        """`POST /v1/imports` (send; https://docs.customer.io/integrations/api/app/#operation/import)."""
    @_method
    def get_import(self, *, import_id: int | str) -> None:
        """`GET /v1/imports/{import_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getImport)."""
    @_list
    def get_object_types(self) -> None:
        """`GET /v1/object_types` (read; https://docs.customer.io/integrations/api/app/#operation/getObjectTypes)."""
    @_list
    def get_objects_filter(self, *, start: str | int | None = ..., limit: int | str | None = ..., body: object) -> None:
        """`POST /v1/objects` (read; https://docs.customer.io/integrations/api/app/#operation/getObjectsFilter)."""
    @_method
    def get_object_attributes(self, *, object_type_id: str | int, object_id: str | int, id_type: str | int | None = ...) -> None:
        """`GET /v1/objects/{object_type_id}/{object_id}/attributes` (read; https://docs.customer.io/integrations/api/app/#operation/getObjectAttributes)."""
    @_list
    def get_object_relationships(self, *, object_type_id: str | int, object_id: str | int, start: str | int | None = ..., limit: int | str | None = ..., id_type: str | int | None = ...) -> None:
        """`GET /v1/objects/{object_type_id}/{object_id}/relationships` (read; https://docs.customer.io/integrations/api/app/#operation/getObjectRelationships)."""
    @_list
    def list_segments(self) -> None:
        """`GET /v1/segments` (read; https://docs.customer.io/integrations/api/app/#operation/listSegments)."""
    @_method
    def create_man_segment(self, *, body: object) -> None:
        """`POST /v1/segments` (write; https://docs.customer.io/integrations/api/app/#operation/createManSegment)."""
    @_method
    def delete_man_segment(self, *, segment_id: int | str) -> None:
        """`DELETE /v1/segments/{segment_id}` (destroy; https://docs.customer.io/integrations/api/app/#operation/deleteManSegment)."""
    @_method
    def get_segment(self, *, segment_id: int | str) -> None:
        """`GET /v1/segments/{segment_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getSegment)."""
    @_method
    def get_segment_count(self, *, segment_id: int | str) -> None:
        """`GET /v1/segments/{segment_id}/customer_count` (read; https://docs.customer.io/integrations/api/app/#operation/getSegmentCount)."""
    @_list
    def get_segment_membership(self, *, segment_id: int | str, start: str | int | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/segments/{segment_id}/membership` (read; https://docs.customer.io/integrations/api/app/#operation/getSegmentMembership)."""
    @_method
    def get_segment_dependencies(self, *, segment_id: int | str) -> None:
        """`GET /v1/segments/{segment_id}/used_by` (read; https://docs.customer.io/integrations/api/app/#operation/getSegmentDependencies)."""
    @_list
    def get_collections(self) -> None:
        """`GET /v1/collections` (read; https://docs.customer.io/integrations/api/app/#operation/getCollections)."""
    @_method
    def add_collection(self, *, body: object) -> None:
        """`POST /v1/collections` (write; https://docs.customer.io/integrations/api/app/#operation/addCollection)."""
    @_method
    def delete_collection(self, *, collection_id: int | str) -> None:
        """`DELETE /v1/collections/{collection_id}` (destroy; https://docs.customer.io/integrations/api/app/#operation/deleteCollection)."""
    @_method
    def get_collection(self, *, collection_id: int | str) -> None:
        """`GET /v1/collections/{collection_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getCollection)."""
    @_method
    def update_collection(self, *, collection_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/collections/{collection_id}` (write; https://docs.customer.io/integrations/api/app/#operation/updateCollection)."""
    @_method
    def get_collection_contents(self, *, collection_id: int | str) -> None:
        """`GET /v1/collections/{collection_id}/content` (read; https://docs.customer.io/integrations/api/app/#operation/getCollectionContents)."""
    @_method
    def update_collection_contents(self, *, collection_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/collections/{collection_id}/content` (write; https://docs.customer.io/integrations/api/app/#operation/updateCollectionContents)."""
    @_method
    def update_attribute_metadata(self, *, body: object) -> None:
        """`POST /v1/data_index/attributes` (write; https://docs.customer.io/integrations/api/app/#operation/updateAttributeMetadata)."""
    @_method
    def update_event_metadata(self, *, body: object) -> None:
        """`POST /v1/data_index/events` (write; https://docs.customer.io/integrations/api/app/#operation/updateEventMetadata)."""
    @_list
    def get_cio_allowlist(self) -> None:
        """`GET /v1/info/ip_addresses` (read; https://docs.customer.io/integrations/api/app/#operation/getCioAllowlist)."""
    @_list
    def list_webhooks(self) -> None:
        """`GET /v1/reporting_webhooks` (read; https://docs.customer.io/integrations/api/app/#operation/listWebhooks)."""
    @_method
    def create_webhook(self, *, body: object) -> None:
        """`POST /v1/reporting_webhooks` (write; https://docs.customer.io/integrations/api/app/#operation/createWebhook)."""
    @_method
    def delete_webhook(self, *, webhook_id: int | str) -> None:
        """`DELETE /v1/reporting_webhooks/{webhook_id}` (destroy; https://docs.customer.io/integrations/api/app/#operation/deleteWebhook)."""
    @_method
    def get_webhook(self, *, webhook_id: int | str) -> None:
        """`GET /v1/reporting_webhooks/{webhook_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getWebhook)."""
    @_method
    def update_webhook(self, *, webhook_id: int | str, body: object) -> None:
        """`PUT /v1/reporting_webhooks/{webhook_id}` (write; https://docs.customer.io/integrations/api/app/#operation/updateWebhook)."""
    @_list
    def list_snippets(self) -> None:
        """`GET /v1/snippets` (read; https://docs.customer.io/integrations/api/app/#operation/listSnippets)."""
    @_method
    def create_snippet(self, *, body: object | None = ...) -> None:
        """`POST /v1/snippets` (write; https://docs.customer.io/integrations/api/app/#operation/createSnippet)."""
    @_method
    def update_snippets(self, *, body: object) -> None:
        """`PUT /v1/snippets` (write; https://docs.customer.io/integrations/api/app/#operation/updateSnippets)."""
    @_method
    def delete_snippet(self, *, snippet_name: str | int) -> None:
        """`DELETE /v1/snippets/{snippet_name}` (destroy; https://docs.customer.io/integrations/api/app/#operation/deleteSnippet)."""
    @_list
    def get_channels(self) -> None:
        """`GET /v1/subscription_channels` (read; https://docs.customer.io/integrations/api/app/#operation/getChannels)."""
    @_list
    def get_topics(self) -> None:
        """`GET /v1/subscription_topics` (read; https://docs.customer.io/integrations/api/app/#operation/getTopics)."""
    @_list
    def list_workspaces(self) -> None:
        """`GET /v1/workspaces` (read; https://docs.customer.io/integrations/api/app/#operation/listWorkspaces)."""
    @_list
    def list_folders(self, *, parent_folder_id: str | int | None = ..., direct_descendants_only: bool | str | None = ..., sort_by: str | int | None = ..., sort_order: str | int | None = ..., created_before: int | str | None = ..., created_after: int | str | None = ..., updated_before: int | str | None = ..., updated_after: int | str | None = ..., page: int | str | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/design_studio/folders` (read; https://docs.customer.io/integrations/api/app/#operation/listFolders)."""
    @_method
    def create_design_studio_folder(self, *, body: object) -> None:
        """`POST /v1/design_studio/folders` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_design_studio_folder(self, *, folder_id: str | int) -> None:
        """`GET /v1/design_studio/folders/{folder_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def update_design_studio_folder(self, *, folder_id: str | int, body: object | None = ...) -> None:
        """`PUT /v1/design_studio/folders/{folder_id}` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_design_studio_folder(self, *, folder_id: str | int) -> None:
        """`DELETE /v1/design_studio/folders/{folder_id}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def list_emails(self, *, parent_folder_id: str | int | None = ..., direct_descendants_only: bool | str | None = ..., sort_by: str | int | None = ..., sort_order: str | int | None = ..., created_before: int | str | None = ..., created_after: int | str | None = ..., updated_before: int | str | None = ..., updated_after: int | str | None = ..., page: int | str | None = ..., limit: int | str | None = ..., is_template: str | int | None = ..., has_translations: str | int | None = ..., is_linked: str | int | None = ...) -> None:
        """`GET /v1/design_studio/emails` (read; https://docs.customer.io/integrations/api/app/#operation/listEmails)."""
    @_method
    def create_design_studio_email(self, *, body: object) -> None:
        """`POST /v1/design_studio/emails` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_email(self, *, email_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getEmail)."""
    @_method
    def update_design_studio_email(self, *, email_id: str | int, body: object | None = ...) -> None:
        """`PUT /v1/design_studio/emails/{email_id}` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_design_studio_email(self, *, email_id: str | int) -> None:
        """`DELETE /v1/design_studio/emails/{email_id}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def list_design_studio_email_languages(self, *, email_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/languages` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def create_design_studio_email_language(self, *, email_id: str | int, body: object) -> None:
        """`POST /v1/design_studio/emails/{email_id}/languages` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_design_studio_email_language(self, *, email_id: str | int, language: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/languages/{language}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def update_design_studio_email_language(self, *, email_id: str | int, language: str | int, body: object | None = ...) -> None:
        """`PUT /v1/design_studio/emails/{email_id}/languages/{language}` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_design_studio_email_language(self, *, email_id: str | int, language: str | int) -> None:
        """`DELETE /v1/design_studio/emails/{email_id}/languages/{language}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def list_components(self, *, parent_folder_id: str | int | None = ..., direct_descendants_only: bool | str | None = ..., sort_by: str | int | None = ..., sort_order: str | int | None = ..., created_before: int | str | None = ..., created_after: int | str | None = ..., updated_before: int | str | None = ..., updated_after: int | str | None = ..., page: int | str | None = ..., limit: int | str | None = ..., tag: str | int | None = ...) -> None:
        """`GET /v1/design_studio/components` (read; https://docs.customer.io/integrations/api/app/#operation/listComponents)."""
    @_method
    def create_design_studio_component(self, *, body: object) -> None:
        """`POST /v1/design_studio/components` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_design_studio_component(self, *, component_id: str | int) -> None:
        """`GET /v1/design_studio/components/{component_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def update_design_studio_component(self, *, component_id: str | int, body: object | None = ...) -> None:
        """`PUT /v1/design_studio/components/{component_id}` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_design_studio_component(self, *, component_id: str | int) -> None:
        """`DELETE /v1/design_studio/components/{component_id}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def list_assets(self, *, parent_folder_id: str | int | None = ..., direct_descendants_only: bool | str | None = ..., page: int | str | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/assets` (read; https://docs.customer.io/integrations/api/app/#operation/listAssets)."""
    @_method
    def create_asset(self, *, body: object) -> None:
        """`POST /v1/assets/files` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_asset(self, *, asset_id: int | str) -> None:
        """`GET /v1/assets/files/{asset_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def update_asset(self, *, asset_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/assets/files/{asset_id}` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_asset(self, *, asset_id: int | str) -> None:
        """`DELETE /v1/assets/files/{asset_id}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_list
    def list_asset_folders(self, *, parent_folder_id: str | int | None = ..., direct_descendants_only: bool | str | None = ..., page: int | str | None = ..., limit: int | str | None = ...) -> None:
        """`GET /v1/assets/folders` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def create_asset_folder(self, *, body: object) -> None:
        """`POST /v1/assets/folders` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_asset_folder(self, *, folder_id: str | int) -> None:
        """`GET /v1/assets/folders/{folder_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def update_asset_folder(self, *, folder_id: str | int, body: object | None = ...) -> None:
        """`PUT /v1/assets/folders/{folder_id}` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_asset_folder(self, *, folder_id: str | int) -> None:
        """`DELETE /v1/assets/folders/{folder_id}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_transactional_content(self, *, transactional_id: int | str, content_id: int | str) -> None:
        """`GET /v1/transactional/{transactional_id}/contents/{content_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def start_live_notification(self, *, body: object | None = ...) -> None:
        """`POST /v1/live_notifications/start` (send; https://docs.customer.io/integrations/api/app/#operation/startLiveNotification)."""
    @_method
    def update_live_notification(self, *, body: object | None = ...) -> None:
        """`POST /v1/live_notifications/update` (send; https://docs.customer.io/integrations/api/app/#operation/updateLiveNotification)."""
    @_method
    def end_live_notification(self, *, body: object | None = ...) -> None:
        """`POST /v1/live_notifications/end` (send; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_live_notification(self, *, instance_id: str | int) -> None:
        """`GET /v1/live_notifications/{instance_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getLiveNotification)."""
    @_method
    def list_email_versions(self, *, email_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/versions` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def create_email_version(self, *, email_id: str | int, body: object | None = ...) -> None:
        """`POST /v1/design_studio/emails/{email_id}/versions` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_email_version(self, *, email_id: str | int, version_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/versions/{version_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_email_version(self, *, email_id: str | int, version_id: str | int) -> None:
        """`DELETE /v1/design_studio/emails/{email_id}/versions/{version_id}` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def restore_email_version(self, *, email_id: str | int, version_id: str | int) -> None:
        """`POST /v1/design_studio/emails/{email_id}/versions/{version_id}/restore` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def link_email(self, *, email_id: str | int, body: object | None = ...) -> None:
        """`POST /v1/design_studio/emails/{email_id}/link` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def preview_email(self, *, email_id: str | int, body: object | None = ...) -> None:
        """`POST /v1/design_studio/emails/{email_id}/preview` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def publish_email(self, *, email_id: str | int, body: object | None = ...) -> None:
        """`POST /v1/design_studio/emails/{email_id}/publish` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_email_publish_status(self, *, email_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/publish_status` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def render_email(self, *, email_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/render` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def review_email(self, *, email_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/review` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_email_unpublished_changes(self, *, email_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/unpublished_changes` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def create_inbox_preview(self, *, email_id: str | int, body: object | None = ...) -> None:
        """`POST /v1/design_studio/emails/{email_id}/inbox_previews` (send; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_inbox_preview(self, *, email_id: str | int, run_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/inbox_previews/{run_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def get_inbox_preview_capture(self, *, email_id: str | int, run_id: str | int, client_id: str | int) -> None:
        """`GET /v1/design_studio/emails/{email_id}/inbox_previews/{run_id}/captures/{client_id}` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def list_inbox_preview_jobs(self) -> None:
        """`GET /v1/design_studio/inbox_previews/jobs` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def list_inbox_preview_clients(self) -> None:
        """`GET /v1/design_studio/inbox_previews/clients` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def list_inbox_preview_credits(self) -> None:
        """`GET /v1/design_studio/inbox_previews/credits` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def submit_collection_write(self, *, collection_id: int | str, body: object | None = ...) -> None:
        """`POST /v1/collections/{collection_id}/writes` (write; https://docs.customer.io/integrations/api/app/#operation/submitCollectionWrite)."""
    @_method
    def get_collection_write(self, *, collection_id: int | str, write_id: str | int) -> None:
        """`GET /v1/collections/{collection_id}/writes/{write_id}` (read; https://docs.customer.io/integrations/api/app/#operation/getCollectionWrite)."""
    @_method
    def put_collection_sync(self, *, collection_id: int | str, body: object | None = ...) -> None:
        """`PUT /v1/collections/{collection_id}/sync` (write; https://docs.customer.io/integrations/api/app/#operation/putCollectionSync)."""
    @_method
    def get_collection_sync(self, *, collection_id: int | str) -> None:
        """`GET /v1/collections/{collection_id}/sync` (read; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_collection_sync(self, *, collection_id: int | str) -> None:
        """`DELETE /v1/collections/{collection_id}/sync` (destroy; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def poll_collection_sync(self, *, collection_id: int | str) -> None:
        """`POST /v1/collections/{collection_id}/sync/poll` (write; https://docs.customer.io/integrations/api/app/#operation/pollCollectionSync)."""
    @_list
    def get_collection_sync_rejects(self, *, collection_id: int | str, limit: int | str | None = ..., cursor: str | int | None = ...) -> None:
        """`GET /v1/collections/{collection_id}/sync/rejects` (read; https://docs.customer.io/integrations/api/app/#operation/getCollectionSyncRejects)."""
    @_list
    def list_collection_sources(self) -> None:
        """`GET /v1/collections/sources` (read; https://docs.customer.io/integrations/api/app/#operation/listCollectionSources)."""
    @_method
    def create_collection_source(self, *, body: object | None = ...) -> None:
        """`POST /v1/collections/sources` (write; https://docs.customer.io/integrations/api/app/)."""
    @_method
    def delete_collection_source(self, *, source_id: str | int) -> None:
        """`DELETE /v1/collections/sources/{source_id}` (destroy; https://docs.customer.io/integrations/api/app/#operation/deleteCollectionSource)."""

class Track:
    def __init__(self, client: Caller) -> None: ...
    @_method
    def get_region(self) -> None:
        """`GET /api/v1/accounts/region` (read; https://docs.customer.io/integrations/api/track/#operation/getRegion)."""
    @_method
    def check_credentials(self) -> None:
        """`GET /auth` (read; https://docs.customer.io/integrations/api/track/)."""
    @_method
    def delete(self, *, identifier: str | int) -> None:
        """`DELETE /api/v1/customers/{identifier}` (destroy; https://docs.customer.io/integrations/api/track/#operation/delete)."""
    @_method
    def identify(self, *, identifier: str | int, body: object | None = ...) -> None:
        """`PUT /api/v1/customers/{identifier}` (write; https://docs.customer.io/integrations/api/track/#operation/identify)."""
    @_method
    def add_device(self, *, identifier: str | int, body: object) -> None:
        """`PUT /api/v1/customers/{identifier}/devices` (write; https://docs.customer.io/integrations/api/track/#operation/add_device)."""
    @_method
    def delete_device(self, *, identifier: str | int, device_id: str | int) -> None:
        """`DELETE /api/v1/customers/{identifier}/devices/{device_id}` (destroy; https://docs.customer.io/integrations/api/track/#operation/delete_device)."""
    @_method
    def track(self, *, identifier: str | int, body: object) -> None:
        """`POST /api/v1/customers/{identifier}/events` (send; https://docs.customer.io/integrations/api/track/#operation/track)."""
    @_method
    def suppress(self, *, identifier: str | int) -> None:
        """`POST /api/v1/customers/{identifier}/suppress` (destroy; https://docs.customer.io/integrations/api/track/#operation/suppress)."""
    @_method
    def unsuppress(self, *, identifier: str | int) -> None:
        """`POST /api/v1/customers/{identifier}/unsuppress` (write; https://docs.customer.io/integrations/api/track/#operation/unsuppress)."""
    @_method
    def track_anonymous(self, *, body: object) -> None:
        """`POST /api/v1/events` (send; https://docs.customer.io/integrations/api/track/#operation/trackAnonymous)."""
    @_method
    def submit_form(self, *, form_id: int | str, body: object) -> None:
        """`POST /api/v1/forms/{form_id}/submit` (send; https://docs.customer.io/integrations/api/track/#operation/submitForm)."""
    @_method
    def merge(self, *, body: object) -> None:
        """`POST /api/v1/merge_customers` (destroy; https://docs.customer.io/integrations/api/track/#operation/merge)."""
    @_method
    def metrics(self, *, body: object) -> None:
        """`POST /api/v1/metrics` (write; https://docs.customer.io/integrations/api/track/#operation/metrics)."""
    @_method
    def push_metrics(self, *, body: object | None = ...) -> None:
        """`POST /api/v1/push/events` (write; https://docs.customer.io/integrations/api/track/#operation/pushMetrics)."""
    @_method
    def add_to_segment(self, *, segment_id: int | str, id_type: str | int | None = ..., body: object) -> None:
        """`POST /api/v1/segments/{segment_id}/add_customers` (write; https://docs.customer.io/integrations/api/track/#operation/add_to_segment)."""
    @_method
    def remove_from_segment(self, *, segment_id: int | str, id_type: str | int | None = ..., body: object) -> None:
        """`POST /api/v1/segments/{segment_id}/remove_customers` (write; https://docs.customer.io/integrations/api/track/#operation/remove_from_segment)."""
    @_method
    def batch(self, *, body: object) -> None:
        """`POST /api/v2/batch` (write; https://docs.customer.io/integrations/api/track/#operation/batch)."""
    @_method
    def entity(self, *, body: object) -> None:
        """`POST /api/v2/entity` (write; https://docs.customer.io/integrations/api/track/#operation/entity)."""
    @_method
    def unsubscribe(self, *, delivery_id: str | int, body: object | None = ...) -> None:
        """`POST /unsubscribe/{delivery_id}` (write; https://docs.customer.io/integrations/api/track/#operation/unsubscribe)."""
