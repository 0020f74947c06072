"""redis-py: the asyncio client (and aioredis 2, which became it), and the synchronous client's name.

Lists the commands that 4, 5 and later share; other commands are unknown. Source: introspection of redis 8,
where each command was called and returned a coroutine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TYPES: Final[Mapping[str, str]] = {
    "redis.asyncio.Redis": """
        protocols: await async-with
        await -> self
        aenter -> self
        async aclose close -> None
        async initialize -> self
        async transaction -> ?
        async append bitcount blmove blpop brpop brpoplpush copy dbsize decr decrby delete dump -> object
        async echo eval evalsha exists expire expireat flushall flushdb geodist geohash geopos get -> object
        async getbit getdel getex getrange getset hdel hexists hget hgetall hincrby hincrbyfloat -> object
        async hkeys hlen hmget hscan hset hsetnx hstrlen hvals incr incrby incrbyfloat info keys -> object
        async lindex linsert llen lmove lpop lpos lpush lpushx lrange lrem lset ltrim mget move -> object
        async mset msetnx persist pexpire pexpireat pfadd pfcount pfmerge ping psetex pttl publish -> object
        async pubsub_channels pubsub_numpat pubsub_numsub quit randomkey rename renamenx restore -> object
        async rpop rpoplpush rpush rpushx sadd scan scard script_exists script_flush script_load -> object
        async sdiff sdiffstore set setbit setex setnx setrange sinter sinterstore sismember -> object
        async smembers smismember smove sort spop srandmember srem sscan strlen sunion sunionstore -> object
        async time touch ttl type unlink wait xack xadd xdel xgroup_create xgroup_destroy -> object
        async xinfo_stream xlen xrange xread xreadgroup xrevrange xtrim zadd zcard zcount zincrby -> object
        async zlexcount zmscore zpopmax zpopmin zrange zrangebylex zrangebyscore zrank zrem -> object
        async zremrangebylex zremrangebyrank zremrangebyscore zrevrange zrevrangebyscore zrevrank -> object
        async zscan zscore zunionstore zinterstore hmset config_get config_set client_list -> object
        async client_id watch unwatch execute_command -> object
        async-generator hscan_iter scan_iter sscan_iter zscan_iter -> object
        def lock -> redis.asyncio.lock.Lock
        def pipeline -> redis.asyncio.client.Pipeline
        def pubsub -> redis.asyncio.client.PubSub
        def from_url from_pool client -> redis.asyncio.Redis
        property connection_pool -> redis.asyncio.ConnectionPool
    """,
    # Its commands are buffered and return the pipeline: awaiting them is allowed, not required.
    "redis.asyncio.client.Pipeline": """
        protocols: await async-with
        await -> self
        aenter -> self
        async execute -> list
        async discard reset -> ?
    """,
    "redis.asyncio.client.PubSub": """
        protocols: async-with
        aenter -> self
        async psubscribe subscribe get_message reset -> ?
        async-generator listen -> object
        property subscribed -> bool
    """,
    "redis.asyncio.lock.Lock": """
        protocols: async-with
        aenter -> self
        async acquire locked owned -> bool
        async release -> None
    """,
    "redis.asyncio.ConnectionPool": """
        async disconnect -> None
        async get_connection -> ?
        async release -> ?
        def from_url -> self
    """,
    "redis.Redis": """
        enter -> self
        def pipeline -> redis.client.Pipeline
        def pubsub -> redis.client.PubSub
        def from_url -> self
        any -> call
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "redis.asyncio.from_url": "def -> redis.asyncio.Redis",
    "redis.from_url": "def -> redis.Redis",
}

ALIASES: Final[Mapping[str, str]] = {
    "redis.asyncio.StrictRedis": "redis.asyncio.Redis",
    "redis.asyncio.client.Redis": "redis.asyncio.Redis",
    "redis.asyncio.client.StrictRedis": "redis.asyncio.Redis",
    "redis.asyncio.utils.from_url": "redis.asyncio.from_url",
    "redis.asyncio.connection.ConnectionPool": "redis.asyncio.ConnectionPool",
    "aioredis.Redis": "redis.asyncio.Redis",
    "aioredis.StrictRedis": "redis.asyncio.Redis",
    "aioredis.client.Redis": "redis.asyncio.Redis",
    "aioredis.from_url": "redis.asyncio.from_url",
    "aioredis.ConnectionPool": "redis.asyncio.ConnectionPool",
    "redis.StrictRedis": "redis.Redis",
    "redis.client.Redis": "redis.Redis",
    "redis.client.StrictRedis": "redis.Redis",
    "redis.utils.from_url": "redis.from_url",
}
