"""Async clients of services: which of their methods are coroutine functions.

A forgotten ``await`` of one of them does nothing, and nothing else says so. ``any -> async`` stands for all
members that are not listed, where every method of the class is a coroutine function. Methods that became
coroutine functions in some version are left out.

Source: the classes in the packages themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.knowledge.sync_types import CLIENT

_OF_ANSWERS: Final = """
    aenter -> self
    any -> call
    def with_options copy -> self
    async close -> None
    async chat.completions.create chat.completions.parse chat.completions.update -> ?
    async beta.chat.completions.parse completions.create embeddings.create moderations.create -> ?
    async images.generate images.edit images.create_variation audio.speech.create -> ?
    async audio.transcriptions.create audio.translations.create -> ?
    async responses.create responses.parse responses.retrieve responses.delete responses.cancel -> ?
    async files.create files.retrieve files.delete files.content models.retrieve -> ?
    async batches.create batches.retrieve batches.cancel -> ?
    async messages.create messages.parse messages.count_tokens -> ?
    async messages.batches.create messages.batches.retrieve messages.batches.cancel -> ?
    async beta.messages.create beta.messages.parse beta.messages.count_tokens -> ?
    async beta.threads.create beta.threads.retrieve beta.threads.delete beta.threads.create_and_run -> ?
    async beta.threads.messages.create beta.threads.runs.create beta.threads.runs.retrieve -> ?
    async beta.threads.runs.create_and_poll beta.assistants.create beta.assistants.retrieve -> ?
    async beta.assistants.update beta.assistants.delete -> ?
"""

_SEARCH: Final = """
    async ping info create index bulk clear_scroll count delete delete_by_query delete_script exists -> ?
    async exists_source explain field_caps get get_script get_source mget msearch mtermvectors -> ?
    async rank_eval reindex scroll search search_template termvectors update update_by_query close -> ?
    property indices cluster ingest nodes snapshot -> elasticsearch._AsyncNamespace
"""

_MODEL: Final = CLIENT + """
    async ainvoke abatch agenerate agenerate_prompt -> ?
"""
_EMBEDDINGS: Final = CLIENT + "async aembed_query aembed_documents -> ?"
_VECTOR_STORE: Final = CLIENT + """
    async aadd_documents aadd_texts adelete asimilarity_search asimilarity_search_with_score -> ?
    async asearch amax_marginal_relevance_search -> ?
"""

TYPES: Final[Mapping[str, str]] = {
    # --- models of language
    **dict.fromkeys(
        (
            "openai.AsyncOpenAI",
            "openai.AsyncAzureOpenAI",
            "anthropic.AsyncAnthropic",
            "groq.AsyncGroq",
        ),
        _OF_ANSWERS,
    ),
    "tavily.AsyncTavilyClient": "async search extract crawl map get_search_context qna_search -> ?",
    "mcp.ClientSession": """
        aenter -> self
        async initialize list_tools call_tool list_resources read_resource list_prompts get_prompt -> ?
        async send_ping list_resource_templates subscribe_resource unsubscribe_resource -> ?
    """,
    **{
        f"langchain_{name}": _MODEL
        for name in (
            "anthropic.ChatAnthropic", "aws.ChatBedrock", "google_genai.ChatGoogleGenerativeAI",
            "google_vertexai.ChatVertexAI", "groq.ChatGroq", "mistralai.ChatMistralAI",
            "ollama.ChatOllama", "openai.AzureChatOpenAI", "openai.ChatOpenAI",
        )
    },
    **{
        f"langchain_{name}": _EMBEDDINGS
        for name in (
            "aws.BedrockEmbeddings", "google_genai.GoogleGenerativeAIEmbeddings",
            "huggingface.HuggingFaceEmbeddings", "ollama.OllamaEmbeddings",
            "openai.AzureOpenAIEmbeddings", "openai.OpenAIEmbeddings",
        )
    },
    **{
        f"langchain_{name}": _VECTOR_STORE
        for name in (
            "chroma.Chroma", "pinecone.PineconeVectorStore", "postgres.PGVector", "qdrant.QdrantVectorStore"
        )
    },
    "langgraph.graph.state.CompiledStateGraph": CLIENT + """
        async ainvoke abatch aget_state aupdate_state -> ?
        async-generator astream astream_events aget_state_history -> object
    """,
    # --- databases
    "aiosqlite.core.Connection": """
        protocols: await async-with
        await -> self
        aenter -> self
        async commit rollback close executescript create_function backup -> ?
    """,
    "psycopg.AsyncConnection": """
        aenter -> self
        async close execute commit rollback set_autocommit -> ?
        def cursor -> psycopg.AsyncCursor
    """,
    "psycopg.AsyncCursor": """
        aenter -> self
        async close execute executemany fetchone fetchmany fetchall -> ?
    """,
    "psycopg_pool.AsyncConnectionPool": """
        aenter -> self
        async wait getconn putconn open close resize check -> ?
    """,
    "pymongo.AsyncMongoClient": """
        aenter -> self
        getitem -> pymongo.asynchronous.database.AsyncDatabase
        def get_database get_default_database -> pymongo.asynchronous.database.AsyncDatabase
        property admin -> pymongo.asynchronous.database.AsyncDatabase
        async aconnect close server_info list_databases list_database_names drop_database bulk_write -> ?
        def start_session -> ?
    """,
    "pymongo.asynchronous.database.AsyncDatabase": """
        getitem -> pymongo.asynchronous.collection.AsyncCollection
        def get_collection -> pymongo.asynchronous.collection.AsyncCollection
        async create_collection aggregate command list_collections list_collection_names -> ?
        async drop_collection validate_collection dereference -> ?
        property name client -> ?
        any -> pymongo.asynchronous.collection.AsyncCollection
    """,
    "pymongo.asynchronous.collection.AsyncCollection": """
        async bulk_write insert_one insert_many replace_one update_one update_many drop delete_one -> ?
        async delete_many find_one estimated_document_count count_documents create_indexes -> ?
        async create_index drop_indexes drop_index list_indexes index_information aggregate rename -> ?
        async distinct find_one_and_delete find_one_and_replace find_one_and_update -> ?
    """,
    "neo4j.AsyncDriver": """
        aenter -> self
        def session -> neo4j.AsyncSession
        async close execute_query -> ?
    """,
    "neo4j.AsyncSession": """
        aenter -> self
        async close run begin_transaction execute_read execute_write -> ?
    """,
    "qdrant_client.AsyncQdrantClient": """
        async close query_points query_batch_points query_points_groups scroll count facet upsert -> ?
        async update_vectors delete_vectors retrieve delete set_payload overwrite_payload -> ?
        async delete_payload clear_payload batch_update_points get_collections get_collection -> ?
        async collection_exists create_collection update_collection delete_collection -> ?
        async recreate_collection create_payload_index delete_payload_index get_aliases -> ?
        async update_collection_aliases create_snapshot delete_snapshot list_snapshots info -> ?
    """,
    "elasticsearch.AsyncElasticsearch": "aenter -> self\n def options -> self" + _SEARCH,
    "elasticsearch._AsyncNamespace": "any -> async",
    "opensearchpy.AsyncOpenSearch": "aenter -> self" + _SEARCH,
    "databases.Database": """
        aenter -> self
        async connect disconnect fetch_all fetch_one fetch_val execute execute_many -> ?
    """,
    "django.db.models.Model": "async asave adelete arefresh_from_db -> ?",
    # --- messages
    "aiosmtplib.SMTP": """
        aenter -> self
        async connect login sendmail send_message starttls ehlo helo quit noop rset vrfy -> ?
    """,
    "fastapi_mail.FastMail": "async send_message get_mail_template -> ?",
    "aiokafka.AIOKafkaProducer": """
        aenter -> self
        async start stop flush send send_and_wait send_batch partitions_for -> ?
    """,
    "aiokafka.AIOKafkaConsumer": """
        aenter -> self
        async start stop commit committed topics position getone getmany seek_to_beginning seek_to_end -> ?
    """,
    "aio_pika.Channel": """
        aenter -> self
        async close declare_exchange get_exchange declare_queue get_queue set_qos -> ?
        property default_exchange -> aio_pika.Exchange
    """,
    "aio_pika.Exchange": "async declare bind unbind publish delete -> ?",
    "aio_pika.Queue": "async declare bind unbind consume cancel get purge delete -> ?",
    "nats.aio.client.Client": """
        aenter -> self
        async connect close drain publish subscribe request flush -> ?
    """,
    "arq.connections.ArqRedis": """
        bases: redis.asyncio.Redis
        async enqueue_job all_job_results queued_jobs -> ?
    """,
    "arq.jobs.Job": "async result info result_info status abort -> ?",
    "aiogram.Bot": """
        aenter -> self
        property id token session default -> ?
        def context get get_current set_current -> ?
        any -> async
    """,
    "slack_sdk.web.async_client.AsyncWebClient": """
        async auth_test chat_postMessage chat_postEphemeral chat_update chat_delete users_info -> ?
        async users_list users_lookupByEmail conversations_list conversations_info -> ?
        async conversations_open conversations_history conversations_members views_open -> ?
        async views_publish views_update files_upload_v2 reactions_add api_call -> ?
    """,
    # --- others
    "aiocache.base.BaseCache": """
        aenter -> self
        async add get multi_get set multi_set delete exists increment expire clear raw close -> ?
    """,
    "aiobotocore.session.AioSession": "def create_client -> aiobotocore.session._Client",
    "aioboto3.Session": "def client -> aiobotocore.session._Client",
    "aiobotocore.session._Client": "protocols: async-with\n aenter -> aiobotocore.client.AioBaseClient",
    "aiobotocore.client.AioBaseClient": """
        def get_waiter get_paginator can_paginate -> ?
        property meta exceptions waiter_names events -> ?
        any -> async
    """,
    "supabase.AsyncClient": """
        def table from_ rpc -> supabase._AsyncQuery
    """,
    "supabase._AsyncQuery": """
        def select insert update upsert delete eq neq gt gte lt lte like ilike is_ in_ order -> self
        def limit range single maybe_single contains or_ match filter -> self
        property not_ -> self
        async execute -> ?
    """,
    "playwright.async_api.BrowserType": """
        async launch connect connect_over_cdp -> playwright.async_api.Browser
        async launch_persistent_context -> playwright.async_api.BrowserContext
    """,
    "playwright.async_api.Browser": """
        async new_page -> playwright.async_api.Page
        async new_context -> playwright.async_api.BrowserContext
        async close -> None
    """,
    "playwright.async_api.BrowserContext": """
        async new_page -> playwright.async_api.Page
        async close add_cookies clear_cookies cookies storage_state -> ?
    """,
    "playwright.async_api.Page": """
        async goto click fill content pdf screenshot evaluate set_content title close reload type press -> ?
        async wait_for_selector wait_for_load_state wait_for_timeout wait_for_url inner_text -> ?
        async text_content query_selector query_selector_all select_option set_viewport_size -> ?
        def locator get_by_text get_by_role get_by_label -> playwright.async_api.Locator
    """,
    "playwright.async_api.Locator": """
        async click fill count inner_text text_content all press type hover screenshot wait_for -> ?
        async is_visible input_value get_attribute select_option check uncheck -> ?
        def locator nth filter get_by_text get_by_role -> self
        property first last -> self
    """,
    "playwright.async_api.Playwright": """
        property chromium firefox webkit -> playwright.async_api.BrowserType
        async stop -> None
    """,
    "playwright.async_api.PlaywrightContextManager": """
        aenter -> playwright.async_api.Playwright
        async start -> playwright.async_api.Playwright
    """,
}  # fmt: skip

FUNCTIONS: Final[Mapping[str, str]] = {
    "aio_pika.connect": "async -> ?",
    "aio_pika.connect_robust": "async -> ?",
    "aiosmtplib.send": "async -> ?",
    "aiosqlite.connect": "def -> aiosqlite.core.Connection",
    "arq.create_pool": "async -> arq.connections.ArqRedis",
    "fastapi_cache.FastAPICache.clear": "async -> ?",
    "fastapi_mail.FastMail.send_message": "async -> ?",
    "litellm.acompletion": "async -> ?",
    "litellm.aembedding": "async -> ?",
    "nats.connect": "async -> nats.aio.client.Client",
    "neo4j.AsyncGraphDatabase.driver": "def -> neo4j.AsyncDriver",
    "playwright.async_api.async_playwright": "def -> playwright.async_api.PlaywrightContextManager",
    "psycopg.AsyncConnection.connect": "async -> psycopg.AsyncConnection",
    "slowapi._rate_limit_exceeded_handler": "def -> object",
    "supabase.acreate_client": "async -> supabase.AsyncClient",
    "supabase.create_async_client": "async -> supabase.AsyncClient",
}

ALIASES: Final[Mapping[str, str]] = {
    "aio_pika.abc.AbstractChannel": "aio_pika.Channel",
    "aio_pika.abc.AbstractExchange": "aio_pika.Exchange",
    "aio_pika.abc.AbstractQueue": "aio_pika.Queue",
    "aio_pika.abc.AbstractRobustChannel": "aio_pika.Channel",
    "aiocache.Cache": "aiocache.base.BaseCache",
    "aiocache.RedisCache": "aiocache.base.BaseCache",
    "aiocache.SimpleMemoryCache": "aiocache.base.BaseCache",
    "aiogram.client.bot.Bot": "aiogram.Bot",
    "aiosqlite.Connection": "aiosqlite.core.Connection",
    "anthropic.AsyncClient": "anthropic.AsyncAnthropic",
    "arq.ArqRedis": "arq.connections.ArqRedis",
    "arq.connections.create_pool": "arq.create_pool",
    "mcp.client.session.ClientSession": "mcp.ClientSession",
    "openai.AsyncClient": "openai.AsyncOpenAI",
    "psycopg.connection_async.AsyncConnection": "psycopg.AsyncConnection",
    "psycopg.cursor_async.AsyncCursor": "psycopg.AsyncCursor",
    "psycopg_pool.pool_async.AsyncConnectionPool": "psycopg_pool.AsyncConnectionPool",
    "pymongo.asynchronous.mongo_client.AsyncMongoClient": "pymongo.AsyncMongoClient",
    "qdrant_client.async_qdrant_client.AsyncQdrantClient": "qdrant_client.AsyncQdrantClient",
    "slowapi.extension._rate_limit_exceeded_handler": "slowapi._rate_limit_exceeded_handler",
    "types_aiobotocore_s3.S3Client": "aiobotocore.client.AioBaseClient",
    "types_aiobotocore_s3.client.S3Client": "aiobotocore.client.AioBaseClient",
}
