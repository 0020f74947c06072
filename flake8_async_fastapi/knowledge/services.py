"""Clients of services, brokers and stores, in the notations of ``blocking.py`` and ``table.py``.

Calls that only create a client, build a request or fill a queue of the process are left out.

Source: the classes in the packages themselves, and their async counterparts if a package has any.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.knowledge.blocking_kinds import (
    CPU,
    DATABASE,
    HTTP,
    NETWORK,
    THREAD,
    TWIN,
    WAIT,
)

_ANY: Final = "any -> call"

_CONNECTION: Final = """
    enter -> self
    def cursor -> {cursor}
    def commit rollback close -> ?
    any -> call
"""
_CURSOR: Final = """
    enter -> self
    def execute executemany callproc fetchone fetchall fetchmany close -> ?
    any -> call
"""

SERVICES: Final[Mapping[tuple[str, str], str]] = {
    (HTTP, f"httpx.AsyncClient or {THREAD}"): """
        httplib2.Http: request
        pywebpush: webpush
        pywebpush.WebPusher: send
        youtube_transcript_api.YouTubeTranscriptApi: fetch list get_transcript list_transcripts
        mixpanel.Mixpanel: track people_set people_set_once people_increment alias
        woocommerce.API: get post put delete options
    """,
    (HTTP, f"curl_cffi.requests.AsyncSession or {THREAD}"): """
        curl_cffi.requests: get post put patch delete head options request
        curl_cffi.requests.Session: get post put patch delete head options request
    """,
    (HTTP, f"the client's execute_async or {THREAD}"): """
        gql.Client: execute
    """,
    (DATABASE, f"an async driver or {THREAD}"): """
        mysql.connector.MySQLConnection: commit rollback ping reconnect cmd_query
        mysql.connector.cursor.MySQLCursor: execute executemany callproc fetchone fetchall fetchmany
        pyodbc.Connection: execute commit rollback
        pyodbc.Cursor: execute executemany fetchone fetchall fetchmany fetchval
        pymssql.Connection: commit rollback
        pymssql.Cursor: execute executemany callproc fetchone fetchall fetchmany
        snowflake.connector.SnowflakeConnection: commit rollback execute_string
        snowflake.connector.cursor.SnowflakeCursor: execute executemany fetchone fetchall fetchmany
        snowflake.connector.cursor.SnowflakeCursor: fetch_pandas_all
        peewee.Model: create get get_or_none get_by_id get_or_create save delete_instance
        peewee.Model: bulk_create bulk_update delete_by_id set_by_id
        mongoengine: connect
        mongoengine.Document: save reload
        pynamodb.models.Model: get save refresh count exists
    """,
    (DATABASE, f"oracledb's AsyncConnection or {THREAD}"): """
        oracledb.Connection: commit rollback ping
        oracledb.Cursor: execute executemany callproc fetchone fetchall fetchmany
    """,
    (DATABASE, f"psycopg_pool.AsyncConnectionPool or {THREAD}"): """
        psycopg_pool.ConnectionPool: getconn wait check
    """,
    (DATABASE, f"asyncpg, psycopg's AsyncConnection or {THREAD}"): """
        psycopg2.pool.AbstractConnectionPool: getconn
    """,
    (DATABASE, TWIN): """
        elasticsearch.helpers: bulk reindex
        opensearchpy.helpers: bulk reindex
        lancedb.db.DBConnection: create_table drop_table open_table table_names
        lancedb.table.Table: add delete update count_rows to_pandas to_arrow create_index optimize
        azure.cosmos.DatabaseProxy: create_container create_container_if_not_exists delete_container
        azure.cosmos.ContainerProxy: read_item create_item upsert_item replace_item delete_item patch_item
    """,
    (DATABASE, THREAD): """
        rq.Queue: enqueue enqueue_call enqueue_in enqueue_at enqueue_many fetch_job
        rq.job.Job: fetch fetch_many refresh save cancel
        kazoo.client.KazooClient: start stop get set create delete exists get_children ensure_path
        firebase_admin.db.Reference: get set update push delete transaction
    """,
    (NETWORK, f"aiosmtplib or {THREAD}"): """
        emails.Message: send
    """,
    (NETWORK, TWIN): """
        azure.search.documents.SearchClient: get_document get_document_count upload_documents
        azure.search.documents.SearchClient: merge_documents merge_or_upload_documents delete_documents
        azure.search.documents.SearchClient: index_documents
        azure.search.documents.indexes.SearchIndexClient: create_index create_or_update_index delete_index
        azure.search.documents.indexes.SearchIndexClient: get_index get_index_statistics
        azure.storage.queue.QueueClient: create_queue delete_queue send_message receive_message
        azure.storage.queue.QueueClient: update_message delete_message peek_messages clear_messages
        azure.storage.queue.QueueClient: get_queue_properties
        azure.data.tables.TableClient: create_table create_entity get_entity update_entity upsert_entity
        azure.data.tables.TableClient: delete_entity submit_transaction delete_table
        azure.communication.email.EmailClient: begin_send
        azure.ai.formrecognizer.DocumentAnalysisClient: begin_analyze_document
        azure.ai.formrecognizer.DocumentAnalysisClient: begin_analyze_document_from_url
        azure.ai.documentintelligence.DocumentIntelligenceClient: begin_analyze_document
        google.cloud.pubsub_v1.SubscriberClient: pull acknowledge create_subscription delete_subscription
        google.cloud.pubsub_v1.PublisherClient: create_topic delete_topic get_topic
        google.cloud.speech.SpeechClient: recognize long_running_recognize streaming_recognize
        google.cloud.texttospeech.TextToSpeechClient: synthesize_speech list_voices
        google.cloud.documentai.DocumentProcessorServiceClient: process_document batch_process_documents
        google.cloud.translate.TranslationServiceClient: translate_text detect_language batch_translate_text
        web3.Web3: get_balance get_block get_transaction get_transaction_receipt get_transaction_count
        web3.Web3: send_raw_transaction send_transaction estimate_gas wait_for_transaction_receipt
        web3.Web3: get_logs get_code is_connected get_storage_at
        binance.client.Client: get_account get_klines get_ticker get_symbol_ticker get_all_tickers
        binance.client.Client: get_order get_all_orders get_open_orders create_order cancel_order
        binance.client.Client: get_historical_klines get_exchange_info get_asset_balance ping
        zmq.Socket: recv recv_string recv_json recv_pyobj recv_multipart poll
    """,
    (NETWORK, f"the method's async twin (arun, kickoff_async, aquery, ...) or {THREAD}"): """
        langgraph.graph.state.CompiledStateGraph: invoke stream batch get_state get_state_history
        langgraph.graph.state.CompiledStateGraph: update_state
        crewai.Crew: kickoff kickoff_for_each train
        crewai.Agent: kickoff
        llama_index.core.VectorStoreIndex: from_documents insert delete_ref_doc
        llama_index.core.SimpleDirectoryReader: load_data
        llama_index.core.base.base_query_engine.BaseQueryEngine: query
        llama_index.core.chat_engine.types.BaseChatEngine: chat stream_chat
        llama_index.core.base.base_retriever.BaseRetriever: retrieve
        pydantic_ai.Agent: run_sync
        agents.Runner: run_sync
        agno.agent.Agent: run print_response
    """,
    (NETWORK, THREAD): """
        googleapiclient.discovery.Resource: execute
        googleapiclient.http.MediaIoBaseDownload: next_chunk
        google.cloud.translate_v2.Client: translate detect_language get_languages
        deepl.Translator: translate_text translate_document get_usage
        deepl.DeepLClient: translate_text translate_document get_usage
        imap_tools.MailBox: login fetch uids delete move copy flag
        imap_tools.BaseMailBox: login fetch uids delete move copy flag
        spotipy.Spotify: search track tracks album artist playlist playlist_items user_playlists me
        spotipy.Spotify: current_user current_user_saved_tracks current_user_playlists recommendations
        yookassa.Payment: create find_one capture cancel list
        yookassa.Refund: create find_one list
        simple_salesforce.Salesforce: query query_all query_more search restful apexecute
        pyairtable.Table: all get first create update delete batch_create batch_update batch_delete
        pyairtable.Table: batch_upsert iterate
        gspread.Spreadsheet: worksheet worksheets get_worksheet add_worksheet del_worksheet batch_update
        gspread.Worksheet: append_row append_rows get_all_records get_all_values get row_values col_values
        gspread.Worksheet: acell cell find findall update update_cell update_acell update_cells batch_update
        gspread.Worksheet: batch_get insert_row insert_rows delete_rows clear
        pulsar.Client: create_producer subscribe create_reader
        pulsar.Producer: send flush
        pulsar.Consumer: receive batch_receive
        websocket: create_connection
        websocket.WebSocket: connect recv recv_data send send_text ping
        pymodbus.client.ModbusTcpClient: connect read_coils read_holding_registers read_input_registers
        pymodbus.client.ModbusTcpClient: write_coil write_register write_registers read_discrete_inputs
        dlt.Pipeline: run extract normalize load
    """,
    (CPU, f"{THREAD} or a process pool"): """
        paddleocr.PaddleOCR: ocr predict
        rembg: remove
        docxtpl.DocxTemplate: render save
    """,
    (WAIT, f"await asyncio.wrap_future(...) or {THREAD}"): """
        google.cloud.pubsub_v1.publisher.futures.Future: result
    """,
}

TYPES: Final[Mapping[str, str]] = {
    "mysql.connector.MySQLConnection": _CONNECTION.format(cursor="mysql.connector.cursor.MySQLCursor"),
    "mysql.connector.cursor.MySQLCursor": _CURSOR,
    "pyodbc.Connection": _CONNECTION.format(cursor="pyodbc.Cursor") + "def execute -> pyodbc.Cursor",
    "pyodbc.Cursor": _CURSOR.replace("execute ", "") + "def execute -> self",
    "pymssql.Connection": _CONNECTION.format(cursor="pymssql.Cursor"),
    "pymssql.Cursor": _CURSOR,
    "oracledb.Connection": _CONNECTION.format(cursor="oracledb.Cursor"),
    "oracledb.Cursor": _CURSOR,
    "snowflake.connector.SnowflakeConnection":
        _CONNECTION.format(cursor="snowflake.connector.cursor.SnowflakeCursor"),
    "snowflake.connector.cursor.SnowflakeCursor": _CURSOR.replace("execute ", "") + "def execute -> self",
    "psycopg2.pool.AbstractConnectionPool": "def getconn -> psycopg2.extensions.connection\n" + _ANY,
    "psycopg_pool.ConnectionPool": """
        enter -> self
        def getconn -> psycopg.Connection
        def connection -> psycopg_pool._Lent
    """ + _ANY,
    "psycopg_pool._Lent": "enter -> psycopg.Connection",
    "lancedb.db.DBConnection": "def open_table create_table -> lancedb.table.Table\n" + _ANY,
    "googleapiclient.discovery.Resource": """
        enter -> self
        call -> self
        def execute close -> ?
        any -> googleapiclient.discovery.Resource
    """,
    "azure.cosmos.CosmosClient": """
        enter -> self
        def get_database_client create_database_if_not_exists create_database -> azure.cosmos.DatabaseProxy
    """ + _ANY,
    "azure.cosmos.DatabaseProxy": """
        def get_container_client create_container_if_not_exists -> azure.cosmos.ContainerProxy
        def create_container -> azure.cosmos.ContainerProxy
    """ + _ANY,
    "gspread.Client": """
        def open open_by_key open_by_url create -> gspread.Spreadsheet
    """ + _ANY,
    "gspread.Spreadsheet": """
        def worksheet get_worksheet add_worksheet -> gspread.Worksheet
        property sheet1 -> gspread.Worksheet
    """ + _ANY,
    "google.cloud.pubsub_v1.PublisherClient": """
        enter -> self
        def publish -> google.cloud.pubsub_v1.publisher.futures.Future
    """ + _ANY,
    "langgraph.graph.StateGraph": """
        def compile -> langgraph.graph.state.CompiledStateGraph
        def add_node add_edge add_conditional_edges set_entry_point set_finish_point add_sequence -> self
    """ + _ANY,
    "llama_index.core.VectorStoreIndex": """
        def from_documents from_vector_store -> self
        def as_query_engine -> llama_index.core.base.base_query_engine.BaseQueryEngine
        def as_chat_engine -> llama_index.core.chat_engine.types.BaseChatEngine
        def as_retriever -> llama_index.core.base.base_retriever.BaseRetriever
    """ + _ANY,
    # ``any`` does not count for the project's own subclasses
    "peewee.Model": """
        def get_by_id create get get_or_none -> self
        def get_or_create save delete_instance bulk_create bulk_update insert_many -> ?
        def delete_by_id set_by_id select update insert delete -> ?
    """,
    "mongoengine.Document": "def save reload -> self",
    "pynamodb.models.Model": "def get -> self\n def save refresh count exists -> ?",
    "zmq.Context": "enter -> self\n def socket -> zmq.Socket\n" + _ANY,
    "pulsar.Client": """
        def create_producer -> pulsar.Producer
        def subscribe -> pulsar.Consumer
    """ + _ANY,
    "pyairtable.Api": "def table -> pyairtable.Table\n" + _ANY,
}  # fmt: skip

FUNCTIONS: Final[Mapping[str, str]] = {
    "mysql.connector.connect": "def -> mysql.connector.MySQLConnection",
    "pyodbc.connect": "def -> pyodbc.Connection",
    "pymssql.connect": "def -> pymssql.Connection",
    "oracledb.connect": "def -> oracledb.Connection",
    "snowflake.connector.connect": "def -> snowflake.connector.SnowflakeConnection",
    "lancedb.connect": "def -> lancedb.db.DBConnection",
    "googleapiclient.discovery.build": "def -> googleapiclient.discovery.Resource",
    "gspread.service_account": "def -> gspread.Client",
    "gspread.service_account_from_dict": "def -> gspread.Client",
    "gspread.authorize": "def -> gspread.Client",
    "firebase_admin.storage.bucket": "def -> google.cloud.storage.Bucket",
    "firebase_admin.db.reference": "def -> firebase_admin.db.Reference",
    "langgraph.prebuilt.create_react_agent": "def -> langgraph.graph.state.CompiledStateGraph",
    "emails.html": "def -> emails.Message",
    "dlt.pipeline": "def -> dlt.Pipeline",
}

ALIASES: Final[Mapping[str, str]] = {
    "emails.message.Message": "emails.Message",
    "mysql.connector.connection.MySQLConnection": "mysql.connector.MySQLConnection",
    "oracledb.connection.Connection": "oracledb.Connection",
    "oracledb.cursor.Cursor": "oracledb.Cursor",
    "snowflake.connector.connection.SnowflakeConnection": "snowflake.connector.SnowflakeConnection",
    **{
        f"psycopg2.pool.{name}": "psycopg2.pool.AbstractConnectionPool"
        for name in "SimpleConnectionPool ThreadedConnectionPool".split()
    },
    "psycopg_pool.pool.ConnectionPool": "psycopg_pool.ConnectionPool",
    "curl_cffi.Session": "curl_cffi.requests.Session",
    "curl_cffi.requests.session.Session": "curl_cffi.requests.Session",
    "gspread.client.Client": "gspread.Client",
    "gspread.worksheet.Worksheet": "gspread.Worksheet",
    "gspread.spreadsheet.Spreadsheet": "gspread.Spreadsheet",
    "langgraph.graph.state.StateGraph": "langgraph.graph.StateGraph",
    "langgraph.graph.state.CompiledGraph": "langgraph.graph.state.CompiledStateGraph",
    "rq.queue.Queue": "rq.Queue",
    "gql.client.Client": "gql.Client",
    "websocket._core.create_connection": "websocket.create_connection",
    "azure.cosmos.cosmos_client.CosmosClient": "azure.cosmos.CosmosClient",
    "azure.cosmos.container.ContainerProxy": "azure.cosmos.ContainerProxy",
    "azure.cosmos.database.DatabaseProxy": "azure.cosmos.DatabaseProxy",
    "llama_index.core.indices.VectorStoreIndex": "llama_index.core.VectorStoreIndex",
    "binance.Client": "binance.client.Client",
    "agno.agent.agent.Agent": "agno.agent.Agent",
    "supabase.client.Client": "supabase.Client",
    "supabase.SyncClient": "supabase.Client",
    "supabase._sync.client.SyncClient": "supabase.Client",
    "supabase._sync.client.create_client": "supabase.create_client",
    "supabase.client.create_client": "supabase.create_client",
}
