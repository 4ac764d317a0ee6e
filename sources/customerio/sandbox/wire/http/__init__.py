"""The parts of HTTP that every operation needs.

endpoint          one request from arrival to answer
auth              keys, rate limit, permissions
registry          `@answers`: which function answers which operation
request_context   the request as a handler sees it
pages             page sizes and page tokens
accept_writes     Track API writes into the write queue
fetch_url         files that Customer.io downloads from a caller's URL
response          status, headers and bytes of an answer
error_responses   error bodies of the two APIs
uvicorn_protocol  lets an answer cut its connection
"""
