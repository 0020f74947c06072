"""Types of synchronous libraries, as far as needed to find the owner of a blocking method.

No protocols are listed: whether one of them can be awaited or entered is not known here. ``any -> call``
stands for all other members, of which only the names are known; ``any -> TYPE`` for attributes of a type.
Source: the libraries' documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.knowledge.sync_names import ALIASES as ALIASES

_ANY: Final = "any -> call"

_QUEUE: Final = """
    def get -> ?
    def put get_nowait put_nowait task_done join empty full qsize -> ?
"""

_CURSOR: Final = """
    enter -> self
    def execute executemany callproc -> ?
    def fetchone fetchall fetchmany copy_expert close -> ?
"""

CLIENT: Final = """
    enter -> self
    any -> call
"""
"""A type of which nothing is known but which of its methods block."""

TYPES: Final[Mapping[str, str]] = {
    "kubernetes.client._Api": CLIENT,
    "io.BufferedWriter": CLIENT,
    "socket.socket": CLIENT,
    # --- HTTP
    "requests.Session": """
        enter -> self
        def get post put patch delete head options request send -> ?
        def close mount -> ?
        property headers auth params cookies proxies verify cert adapters -> ?
    """,
    "requests_toolbelt.sessions.BaseUrlSession": "bases: requests.Session",
    "cloudscraper.CloudScraper": "bases: requests.Session",
    # --- databases
    "sqlite3.Connection": """
        enter -> self
        def cursor -> sqlite3.Cursor
        def execute executemany executescript -> sqlite3.Cursor
        def commit rollback close backup create_function -> ?
        property row_factory total_changes -> ?
    """,
    "sqlite3.Cursor": """
        def execute executemany executescript -> self
        def fetchone fetchall fetchmany close -> ?
    """,
    "psycopg2.extensions.connection": """
        enter -> self
        def cursor -> psycopg2.extensions.cursor
        def commit rollback close set_session -> ?
        property autocommit closed -> ?
    """,
    "psycopg2.extensions.cursor": _CURSOR,
    "psycopg.Connection": """
        enter -> self
        def connect -> psycopg.Connection
        def cursor -> psycopg.Cursor
        def execute -> psycopg.Cursor
        def commit rollback close transaction -> ?
    """,
    "psycopg.Cursor": _CURSOR + "def stream -> ?",
    "pymysql.connections.Connection": """
        enter -> self
        def cursor -> pymysql.cursors.Cursor
        def query commit rollback ping connect close -> ?
    """,
    "pymysql.cursors.Cursor": _CURSOR,
    "cassandra.cluster.Cluster": """
        enter -> self
        def connect -> cassandra.cluster.Session
    """,
    "cassandra.cluster.Session": "def execute execute_async prepare -> ?",
    "neo4j.Driver": """
        enter -> self
        def session -> neo4j.Session
        def execute_query verify_connectivity close -> ?
    """,
    "pymongo.MongoClient": """
        enter -> self
        getitem -> pymongo.database.Database
        def get_database get_default_database -> pymongo.database.Database
        property admin -> pymongo.database.Database
        def server_info list_databases list_database_names drop_database close start_session -> ?
        any -> pymongo.database.Database
    """,
    "pymongo.database.Database": """
        getitem -> pymongo.collection.Collection
        def get_collection -> pymongo.collection.Collection
        def command create_collection drop_collection list_collection_names list_collections -> ?
        def validate_collection dereference with_options aggregate watch -> ?
        property name client -> ?
        any -> pymongo.collection.Collection
    """,
    "pymongo.collection.Collection": """
        getitem -> self
        def find -> pymongo.cursor.Cursor
        def aggregate -> pymongo.command_cursor.CommandCursor
        def insert_one insert_many find_one update_one update_many delete_one delete_many -> ?
        def replace_one count_documents distinct estimated_document_count bulk_write -> ?
        def create_index create_indexes drop drop_index drop_indexes find_one_and_update rename -> ?
        def find_one_and_delete find_one_and_replace index_information with_options watch -> ?
        property name database full_name -> ?
        any -> self
    """,
    "pymongo.cursor.Cursor": """
        def sort limit skip batch_size hint max_time_ms allow_disk_use comment -> self
        def next to_list explain close -> ?
    """,
    "pymongo.command_cursor.CommandCursor": "def next to_list close batch_size -> ?",
    # --- processes
    "subprocess.Popen": """
        enter -> self
        def communicate wait poll kill terminate send_signal -> ?
        property stdin stdout stderr pid returncode args -> ?
    """,
    "git.Git": "property working_dir version_info cat_file_all cat_file_header -> ?\nany -> call",
    "git.Repo": """
        enter -> self
        property git remotes index heads head branches tags -> git.Repo
        property active_branch working_dir working_tree_dir git_dir bare references submodules -> ?
        def remote create_remote -> git.Repo
        any -> call
    """,
    # --- test doubles: their methods do not block
    "unittest.mock.Mock": "any -> ?\ncall -> ?",
    "types.SimpleNamespace": "any -> ?",
    # --- files
    "pathlib.Path": """
        property parent -> self
        property name stem suffix suffixes parts parents root drive anchor -> ?
        def joinpath with_name with_suffix with_stem absolute resolve expanduser relative_to -> self
        def rename replace readlink -> self
        def exists is_file is_dir is_symlink is_absolute is_relative_to match samefile -> ?
        def stat lstat chmod mkdir rmdir touch unlink symlink_to hardlink_to owner group -> ?
        def open -> io.BufferedWriter
        def read_text read_bytes write_text write_bytes iterdir glob rglob walk -> ?
        def copy copy_into move move_into as_posix as_uri -> ?
    """,
    # --- network
    "boto3.client": "enter -> self\n" + """
        def get_waiter -> boto3.waiter
        def get_paginator -> boto3.paginator
        property meta exceptions -> ?
        any -> call
    """,
    "boto3.resource": """
        def Bucket Object ObjectSummary Table Queue Topic Instance Message all filter limit -> self
        property objects buckets instances tables queues object_versions items messages -> self
        property meta name -> ?
        any -> call
    """,
    "boto3.waiter": "def wait -> ?",
    "boto3.paginator": "def paginate -> boto3.paginator\n def build_full_result search -> ?",
    "boto3.Session": """
        def client -> boto3.client
        def resource -> boto3.resource
        def get_credentials get_available_services -> ?
        property region_name profile_name -> ?
    """,
    "openai.OpenAI": "enter -> self\n def with_options copy -> self\n" + _ANY,
    "openai.AzureOpenAI": "enter -> self\n def with_options copy -> self\n" + _ANY,
    "anthropic.Anthropic": "enter -> self\n def with_options copy -> self\n" + _ANY,
    "anthropic.AnthropicBedrock": "bases: anthropic.Anthropic",
    "anthropic.AnthropicVertex": "bases: anthropic.Anthropic",
    "google.genai.Client": """
        property aio -> ?
        any -> call
    """,
    "supabase.Client": """
        def table from_ schema rpc -> supabase.Client
        def select insert update upsert delete eq neq gt gte lt lte like ilike is_ in_ order -> self
        def limit range single maybe_single contains or_ match not_ filter -> self
        property auth storage functions -> self
        def execute sign_in_with_password sign_up sign_out upload download get_user invoke -> ?
        any -> ?
    """,
    "sendgrid.SendGridAPIClient": """
        property client -> self
        any -> call
    """,
    "paramiko.SSHClient": """
        enter -> self
        def open_sftp -> paramiko.SFTPClient
        def connect exec_command invoke_shell close load_system_host_keys -> ?
        def set_missing_host_key_policy load_host_keys get_transport -> ?
    """,
    "pika.adapters.blocking_connection.BlockingConnection": """
        def channel -> pika.adapters.blocking_connection.BlockingChannel
    """,
    "google.cloud.storage.Client": """
        def bucket get_bucket create_bucket lookup_bucket -> google.cloud.storage.Bucket
        def list_blobs list_buckets download_blob_to_file close -> ?
    """,
    "google.cloud.storage.Bucket": """
        def blob get_blob -> google.cloud.storage.Blob
        def list_blobs delete_blob delete_blobs create exists copy_blob reload patch update -> ?
        def rename_blob delete -> ?
    """,
    "google.cloud.storage.Blob": """
        def upload_from_string upload_from_file upload_from_filename exists delete reload patch -> ?
        def download_as_bytes download_as_string download_as_text download_to_file -> ?
        def download_to_filename make_public compose rewrite generate_signed_url open -> ?
        property public_url name size content_type -> ?
    """,
    "azure.storage.blob.BlobServiceClient": """
        enter -> self
        def from_connection_string -> azure.storage.blob.BlobServiceClient
        def get_container_client -> azure.storage.blob.ContainerClient
        def get_blob_client -> azure.storage.blob.BlobClient
        def create_container delete_container list_containers get_account_information -> ?
        def get_service_properties close -> ?
    """,
    "azure.storage.blob.ContainerClient": """
        enter -> self
        def from_connection_string -> azure.storage.blob.ContainerClient
        def get_blob_client -> azure.storage.blob.BlobClient
        def download_blob -> azure.storage.blob.StorageStreamDownloader
        def upload_blob delete_blob list_blobs exists create_container delete_container -> ?
        def get_container_properties close -> ?
    """,
    "azure.storage.blob.BlobClient": """
        enter -> self
        def from_connection_string -> azure.storage.blob.BlobClient
        def download_blob -> azure.storage.blob.StorageStreamDownloader
        def upload_blob delete_blob exists get_blob_properties set_blob_metadata close -> ?
        def start_copy_from_url -> ?
        property url blob_name -> ?
    """,
    # --- computations
    "pwdlib.PasswordHash": "def recommended -> self\n" + _ANY,
    "PIL.Image.Image": """
        enter -> self
        def resize convert rotate filter transpose quantize crop reduce transform copy -> self
        def effect_spread -> self
        def thumbnail save load verify tobytes getbbox close paste -> ?
        property size width height mode format info -> ?
    """,
    "zipfile.ZipFile": """
        enter -> self
        def write writestr extract extractall read testzip namelist infolist getinfo open close -> ?
    """,
    "tarfile.TarFile": """
        enter -> self
        def add addfile extract extractall getmembers getnames getmember extractfile close -> ?
    """,
    "polars.DataFrame": """
        def lazy -> polars.LazyFrame
        def filter select with_columns sort join head tail -> self
        any -> call
    """,
    "polars.LazyFrame": """
        def filter select with_columns sort join head tail group_by -> self
        def collect -> polars.DataFrame
        any -> call
    """,
    "pandas.DataFrame": """
        def merge apply sort_values describe corr pivot_table -> self
        def to_csv to_excel to_parquet to_sql to_json to_pickle to_feather to_html groupby -> ?
        def to_dict head tail copy -> ?
        property columns index shape -> ?
    """,
    # --- waiting
    "concurrent.futures.Executor": """
        enter -> self
        def submit -> concurrent.futures.Future
        def map -> concurrent.futures._Results
        def shutdown -> None
    """,
    "concurrent.futures.ThreadPoolExecutor": "bases: concurrent.futures.Executor",
    "concurrent.futures.ProcessPoolExecutor": "bases: concurrent.futures.Executor",
    "concurrent.futures._Results": "",
    "multiprocessing.pool.Pool": """
        enter -> self
        def apply_async map_async starmap_async -> multiprocessing.pool.AsyncResult
        def map starmap apply join close terminate imap imap_unordered -> ?
    """,
    "multiprocessing.pool.AsyncResult": "def get wait ready successful -> ?",
    "threading.Thread": """
        def start join is_alive run -> ?
        property name daemon ident -> ?
    """,
    "threading.Timer": "bases: threading.Thread\n def cancel -> ?",
    "multiprocessing.Process": """
        def start join is_alive run terminate kill close -> ?
        property name daemon pid exitcode -> ?
    """,
    # --- functions that run others later
    "apscheduler.schedulers.base.BaseScheduler": """
        def add_job scheduled_job start shutdown remove_job get_job get_jobs add_listener pause resume -> ?
    """,
    **{
        f"apscheduler.schedulers.{name}": "bases: apscheduler.schedulers.base.BaseScheduler"
        for name in (
            "asyncio.AsyncIOScheduler",
            "background.BackgroundScheduler",
            "blocking.BlockingScheduler",
        )
    },
    "celery.Celery": """
        def send_task -> celery.result.AsyncResult
        def task start worker_main autodiscover_tasks -> ?
    """,
    "huey.Huey": "def task periodic_task on_startup start stop -> ?",
    "schedule.Job": """
        def at until tag to do -> self
        property second seconds minute minutes hour hours day days week weeks -> self
        property monday tuesday wednesday thursday friday saturday sunday -> self
    """,
    "celery.result.AsyncResult": "def get ready successful forget -> ?\n property state status result -> ?",
    "queue.Queue": _QUEUE,
    "multiprocessing.Queue": _QUEUE + "def close join_thread cancel_join_thread -> ?",
    "threading.Event": "def wait set clear is_set -> ?",
    "threading.Condition": "def wait wait_for notify notify_all acquire release -> ?",
    "threading.Barrier": "def wait reset abort -> ?",
    "threading.Lock": "def acquire release locked -> ?",
    "threading.RLock": "def acquire release -> ?",
    "threading.Semaphore": "def acquire release -> ?",
    "threading.BoundedSemaphore": "def acquire release -> ?",
    "multiprocessing.Lock": "def acquire release -> ?",
    "filelock.FileLock": "def acquire release -> ?",
    # --- clients whose methods return others
    "gtts.gTTS": CLIENT,
    "langchain_text_splitters.TextSplitter": """
        def from_tiktoken_encoder from_huggingface_tokenizer from_language -> self
    """ + _ANY,
    "influxdb_client.InfluxDBClient": """
        enter -> self
        def query_api -> influxdb_client.QueryApi
        def write_api -> influxdb_client.WriteApi
    """ + _ANY,
    "pinecone.Pinecone": "def Index -> pinecone.Index\n" + _ANY,
    "google.cloud.firestore.Client": """
        def collection collection_group -> google.cloud.firestore.CollectionReference
        def document -> google.cloud.firestore.DocumentReference
    """ + _ANY,
    "google.cloud.firestore.CollectionReference": """
        def document -> google.cloud.firestore.DocumentReference
        def where order_by limit offset select start_after -> google.cloud.firestore.Query
    """ + _ANY,
    "google.cloud.firestore.DocumentReference": """
        def collection -> google.cloud.firestore.CollectionReference
    """ + _ANY,
    "google.cloud.firestore.Query": "def where order_by limit offset select start_after -> self\n" + _ANY,
    "ffmpeg.nodes.OutputStream": "def overwrite_output global_args -> self\n" + _ANY,
    "ffmpeg.nodes.FilterableStream": """
        def output -> ffmpeg.nodes.OutputStream
        def filter trim setpts hflip vflip crop drawtext -> self
    """ + _ANY,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "requests.session": "def -> requests.Session",
    "unittest.mock.create_autospec": "def -> unittest.mock.Mock",
    "cloudscraper.create_scraper": "def -> cloudscraper.CloudScraper",
    "urllib.request.build_opener": "def -> urllib.request.OpenerDirector",
    "builtins.open": "def -> io.BufferedWriter",
    "io.open": "def -> io.BufferedWriter",
    "sqlite3.connect": "def -> sqlite3.Connection",
    "psycopg2.connect": "def -> psycopg2.extensions.connection",
    "psycopg.connect": "def -> psycopg.Connection",
    "pymysql.connect": "def -> pymysql.connections.Connection",
    "duckdb.connect": "def -> duckdb.DuckDBPyConnection",
    "clickhouse_connect.get_client": "def -> clickhouse_connect.driver.client.Client",
    "neo4j.GraphDatabase.driver": "def -> neo4j.Driver",
    "chromadb.Client": "def -> chromadb.api.client.Client",
    "chromadb.HttpClient": "def -> chromadb.api.client.Client",
    "chromadb.PersistentClient": "def -> chromadb.api.client.Client",
    "supabase.create_client": "def -> supabase.Client",
    "docker.from_env": "def -> docker.DockerClient",
    "pika.BlockingConnection": "def -> pika.adapters.blocking_connection.BlockingConnection",
    "PIL.Image.open": "def -> PIL.Image.Image",
    "PIL.Image.new": "def -> PIL.Image.Image",
    "PIL.ImageOps.exif_transpose": "def -> PIL.Image.Image",
    "tarfile.open": "def -> tarfile.TarFile",
    **{
        f"pandas.{made}": "def -> pandas.DataFrame"
        for made in "DataFrame.from_records DataFrame.from_dict concat merge json_normalize".split()
    },
    **{
        f"polars.{made}": "def -> polars.DataFrame"
        for made in "from_dicts from_dict from_records from_pandas read_csv read_parquet read_json".split()
    },
    **{f"polars.scan_{made}": "def -> polars.LazyFrame" for made in "csv parquet ndjson ipc".split()},
    "ldap.initialize": "def -> ldap.ldapobject.LDAPObject",
    **{
        f"pandas.read_{name}": "def -> pandas.DataFrame"
        for name in "csv parquet json sql sql_query sql_table feather pickle orc table fwf".split()
    },
    "whisper.load_model": "def -> whisper.Whisper",
    "spacy.load": "def -> spacy.Language",
    "transformers.pipeline": "def -> transformers.Pipeline",
    "openpyxl.load_workbook": "def -> openpyxl.Workbook",
    "multiprocessing.Pool": "def -> multiprocessing.pool.Pool",
    "git.Repo.clone_from": "def -> git.Repo",
    "schedule.every": "def -> schedule.Job",
    "firebase_admin.firestore.client": "def -> google.cloud.firestore.Client",
    "ffmpeg.input": "def -> ffmpeg.nodes.FilterableStream",
    "ffmpeg.output": "def -> ffmpeg.nodes.OutputStream",
    **{
        f"selenium.webdriver.{browser}": "def -> selenium.webdriver.remote.webdriver.WebDriver"
        for browser in ("Chrome", "Firefox", "Edge", "Safari", "Remote")
    },
    "chonkie.AutoEmbeddings.get_embeddings": "def -> chonkie.embeddings.BaseEmbeddings",
}
