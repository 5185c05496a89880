"""The shop's reports for analytics, one module a table of facts; nothing in them is personal."""

from query_service.analytics.orders import COHORTS, FUNNEL, PRODUCTS, REVENUE
from query_service.analytics.tickets import TICKETS

ANALYTICS = (REVENUE, FUNNEL, PRODUCTS, COHORTS, TICKETS)
