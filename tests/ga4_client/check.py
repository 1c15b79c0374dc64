"""Reads the GA4 stand-in with Google's own client.

What the client parses is known to be shaped like the Data API, so the collector may be tried against it.
Argument: the line of JSON that `simulator` prints.
"""

import datetime
import json
import sys

from google.analytics.data_v1beta import BetaAnalyticsDataClient
from google.analytics.data_v1beta.services.beta_analytics_data.transports import (
    BetaAnalyticsDataRestTransport,
)
from google.analytics.data_v1beta.types import (
    BatchRunReportsRequest,
    CheckCompatibilityRequest,
    Compatibility,
    DateRange,
    Dimension,
    Filter,
    FilterExpression,
    FilterExpressionList,
    Metric,
    MetricType,
    OrderBy,
    RunReportRequest,
)
from google.api_core import exceptions
from google.auth import exceptions as auth_exceptions
from google.auth.credentials import AnonymousCredentials
from google.oauth2 import service_account

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
FIRST, LAST = datetime.date(2026, 10, 19), datetime.date(2026, 10, 28)
PAGE = 7


def client(address, credentials):
    transport = BetaAnalyticsDataRestTransport(
        host=address.removeprefix("http://"), url_scheme="http", credentials=credentials
    )
    return BetaAnalyticsDataClient(transport=transport)


def in_list(field, values):
    return FilterExpression(
        filter=Filter(field_name=field, in_list_filter=Filter.InListFilter(values=values, case_sensitive=True))
    )


def exact(field, value):
    match = Filter.StringFilter(match_type=Filter.StringFilter.MatchType.EXACT, value=value)
    return FilterExpression(filter=Filter(field_name=field, string_filter=match))


def request(service, **changes):
    events = in_list("eventName", ["application_start", "application_submitted"])
    host = exact("hostName", service["plausible_site"])
    return RunReportRequest(
        property=f"properties/{service['ga4_property']}",
        date_ranges=[DateRange(start_date=FIRST.isoformat(), end_date=LAST.isoformat())],
        dimensions=[Dimension(name=name) for name in ("date", "eventName", "deviceCategory")],
        metrics=[Metric(name=name) for name in ("eventCount", "sessions")],
        dimension_filter=FilterExpression(and_group=FilterExpressionList(expressions=[events, host])),
        order_bys=[
            OrderBy(dimension=OrderBy.DimensionOrderBy(dimension_name=name))
            for name in ("date", "eventName", "deviceCategory")
        ],
        return_property_quota=True,
        **changes,
    )


def values(report):
    return [
        tuple(value.value for value in row.dimension_values) + tuple(int(value.value) for value in row.metric_values)
        for row in report.rows
    ]


def refused(error, call):
    try:
        call()
    except error as refusal:
        return refusal
    raise AssertionError(f"{error.__name__} was expected")


def check_paging(api, service):
    whole = api.run_report(request(service))
    rows = values(whole)
    days = (LAST - FIRST).days + 1
    assert whole.row_count == len(rows) == days * 2 * 3, whole.row_count
    assert [header.name for header in whole.dimension_headers] == ["date", "eventName", "deviceCategory"]
    assert [header.type_ for header in whole.metric_headers] == [MetricType.TYPE_INTEGER] * 2
    assert rows == sorted(rows) and rows[0][0] == FIRST.strftime("%Y%m%d")
    assert whole.metadata.time_zone == "Europe/London" and whole.metadata.currency_code == "GBP"

    paged, offset, remaining = [], 0, []
    while offset < whole.row_count:
        page = api.run_report(request(service, limit=PAGE, offset=offset))
        assert page.row_count == whole.row_count
        remaining.append(page.property_quota.tokens_per_hour.remaining)
        paged += values(page)
        offset += len(page.rows)
    assert paged == rows
    assert remaining == sorted(remaining, reverse=True) and remaining[0] > remaining[-1] > 0, remaining

    started = sum(row[3] for row in rows if row[1] == "application_start")
    submitted = sum(row[3] for row in rows if row[1] == "application_submitted")
    assert 0 < submitted < started
    return started, submitted


def check_shapes(api, services):
    service = services["apply-juggling-licence"]
    batch = api.batch_run_reports(
        BatchRunReportsRequest(property=f"properties/{service['ga4_property']}", requests=[request(service)] * 2)
    )
    assert len(batch.reports) == 2 and values(batch.reports[0]) == values(batch.reports[1])

    metadata = api.get_metadata(name=f"properties/{service['ga4_property']}/metadata")
    types = {metric.api_name: metric.type_ for metric in metadata.metrics}
    assert types["eventCount"] == MetricType.TYPE_INTEGER and types["engagementRate"] == MetricType.TYPE_FLOAT
    assert "deviceCategory" in {dimension.api_name for dimension in metadata.dimensions}

    compatible = api.check_compatibility(
        CheckCompatibilityRequest(
            property=f"properties/{service['ga4_property']}",
            dimensions=[Dimension(name="deviceCategory")],
            metrics=[Metric(name="eventCount")],
        )
    )
    verdicts = {
        one.dimension_metadata.api_name: one.compatibility for one in compatible.dimension_compatibilities
    }
    assert verdicts["eventName"] == Compatibility.COMPATIBLE
    assert verdicts["itemName"] == Compatibility.INCOMPATIBLE

    empty = api.run_report(request(services["claim-winter-coal"]))
    assert not empty.rows and empty.row_count == 0


def check_refusals(api, address, service):
    unknown = request(service)
    unknown.metrics = [Metric(name="eventCounts")]
    assert "eventCounts" in refused(exceptions.BadRequest, lambda: api.run_report(unknown)).message
    stranger = request({**service, "ga4_property": 399999999})
    refused(exceptions.Forbidden, lambda: api.run_report(stranger))
    # On a 401, and on that alone, the client asks its credentials for a new token; these have none.
    nobody = client(address, AnonymousCredentials())
    refused(auth_exceptions.GoogleAuthError, lambda: nobody.run_report(request(service)))


def main():
    running = json.loads(sys.argv[1])
    services = {service["id"]: service for service in running["services"]}
    service = services["apply-juggling-licence"]
    address = running["addresses"]["ga4"]
    key = service_account.Credentials.from_service_account_info(running["ga4_key"])
    # The client makes a JWT of its own where no scope is asked for, and a token exchange where one is.
    by_jwt = client(address, key)
    exchanged = key.with_scopes([SCOPE]).with_always_use_jwt_access(False)
    counts = check_paging(by_jwt, service)
    transport = BetaAnalyticsDataRestTransport(
        host=address.removeprefix("http://"), url_scheme="http", credentials=exchanged, always_use_jwt_access=False
    )
    assert check_paging(BetaAnalyticsDataClient(transport=transport), service) == counts
    check_shapes(by_jwt, services)
    check_refusals(by_jwt, address, service)
    print(f"Google's client read {counts[0]} started and {counts[1]} submitted")


main()
