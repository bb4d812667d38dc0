"""
How we speak to Chase: a sale goes in, an outcome comes out. Start at client.

    client          what the use cases call            requests        each operation as a request
    moving          money: breaker, deadline, resends  asking          look-ups
    retry           what is sent again                 breaker         what is not tried
    calling         a request with a token             sending         the bytes, and whether they left us
    tokens          the token of this process          oauth           the token endpoint; its client secret
    assertion       a signed JWT instead               signing         PyJWT
    classification  HTTP status                        judgement       Chase's words, by a table
    meaning         the outcome they stand for         declines        which may be tried again
    wire            Chase's field names                codes           our words beside Chase's
    endpoint        where Chase is, who we are         health, alarms  what people are told
"""
