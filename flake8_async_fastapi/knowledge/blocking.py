"""Library calls that block their thread, and what to use instead.

A key names a rule and the replacement its message gives.  Each line of the text is an owner (a
module or a type) with the functions or methods of it that block::

    requests: get post          requests.get and requests.post
    boto3.client: * -close      all methods except close
    stripe.**: create           stripe.<anything>.create, at any depth
    sh: **                      everything below sh except classes

An owner whose last name begins with a capital is a type, unless it is one of `MODULES`.

The rule shows the cost of a call: a network round trip (AFA201, 202, 206), a process (204), reading or
writing a file that may be large (205), work that grows with its input (207), a wait (203, 208).
`blocking_arguments.py` lists calls that only touch an entry of a folder or the beginning of a file, and
calls that depend on an argument.

Left out on purpose: calls that only read one entry of a folder (`os.path.exists`, `Path.stat`,
`os.makedirs`, `os.remove`), calls that only create an object (clients, `subprocess.Popen`), and
computations that are short for usual inputs (`json.loads`, `hashlib.sha256`).

Source: the libraries' documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.knowledge.blocking_kinds import (
    CPU,
    DATABASE,
    FILE,
    HTTP,
    NETWORK,
    SLEEP,
    SUBPROCESS,
    THREAD,
    WAIT,
)
from flake8_async_fastapi.knowledge.clients import CLIENTS
from flake8_async_fastapi.knowledge.services import SERVICES

SESSION: Final = "blocking-session"
"""As ``blocking-database-call``, but allowed in what ``run_sync`` calls."""

_OWN: Final[Mapping[tuple[str, str], str]] = {
    # --- AFA201 -----------------------------------------------------------------------------
    (HTTP, f"httpx.AsyncClient or {THREAD}"): """
        requests: get post put patch delete head options request
        requests.Session: get post put patch delete head options request send
        urllib.request: urlopen urlretrieve
        urllib.request.OpenerDirector: open
        urllib3: request
        urllib3.PoolManager: request urlopen request_encode_body request_encode_url
        http.client.HTTPConnection: connect request getresponse endheaders
        requests_toolbelt.sessions.BaseUrlSession: get post put patch delete request
        cloudscraper.CloudScraper: get post put patch delete request
        feedparser: parse
        xmlrpc.client.ServerProxy: *
        zeep.Client: * -create_service -set_ns_prefix
        httpx: get post put patch delete head options request stream
        httpx.Client: get post put patch delete head options request send stream
    """,
    # --- AFA202 -----------------------------------------------------------------------------
    (SESSION, f"an AsyncSession or {THREAD}"): """
        sqlalchemy.orm.Session: execute scalar scalars get get_one merge merge_all refresh commit
        sqlalchemy.orm.Session: flush rollback begin_nested connection bulk_insert_mappings
        sqlalchemy.orm.Session: bulk_save_objects bulk_update_mappings
        sqlalchemy.orm.scoped_session: execute scalar scalars get get_one merge merge_all refresh commit
        sqlalchemy.orm.scoped_session: flush rollback begin_nested connection bulk_insert_mappings
        sqlalchemy.orm.scoped_session: bulk_save_objects bulk_update_mappings
        sqlmodel.Session: exec
        sqlalchemy.orm.Query: all count delete update first get one one_or_none scalar values __iter__
    """,
    (SESSION, f"an AsyncEngine or {THREAD}"): """
        sqlalchemy.engine.Engine: connect begin execute scalar raw_connection
        sqlalchemy.engine.Connection: execute exec_driver_sql scalar scalars commit rollback begin_nested
        sqlalchemy.MetaData: create_all drop_all reflect
    """,
    (DATABASE, f"aiosqlite or {THREAD}"): """
        sqlite3: connect
        sqlite3.Connection: execute executemany executescript commit rollback backup
        sqlite3.Cursor: execute executemany executescript fetchone fetchall fetchmany
    """,
    (DATABASE, f"asyncpg, psycopg's AsyncConnection or {THREAD}"): """
        psycopg2: connect
        psycopg2.extensions.connection: commit rollback
        psycopg2.extensions.cursor: execute executemany fetchone fetchall fetchmany callproc copy_expert
        psycopg: connect
        psycopg.Connection: connect execute commit rollback
        psycopg.Cursor: execute executemany fetchone fetchall fetchmany stream
        psycopg2.extras: execute_values execute_batch
    """,
    (DATABASE, f"an async driver or {THREAD}"): """
        pymysql: connect
        pymysql.connections.Connection: query commit rollback ping connect
        pymysql.cursors.Cursor: execute executemany fetchone fetchall fetchmany callproc
        MySQLdb: connect
        mysql.connector: connect
        pyodbc: connect
        pymssql: connect
        cx_Oracle: connect
        oracledb: connect
        snowflake.connector: connect
        duckdb: connect sql query execute read_csv read_parquet
        duckdb.DuckDBPyConnection: execute executemany sql query fetchall fetchone fetchdf df
        clickhouse_connect: get_client
        clickhouse_connect.driver.client.Client: * -close
        clickhouse_driver.Client: execute execute_iter query_dataframe insert_dataframe
        cassandra.cluster.Cluster: connect
        cassandra.cluster.Session: execute
        neo4j.Driver: execute_query verify_connectivity
        neo4j.Session: run execute_read execute_write read_transaction write_transaction
        influxdb_client.InfluxDBClient: ping health ready
        peewee.Database: connect execute_sql
        qdrant_client.QdrantClient: * -close
        chromadb.api.client.Client: * -close
        pinecone.Pinecone: * -Index
    """,
    (DATABASE, f"pymongo.AsyncMongoClient, motor or {THREAD}"): """
        pymongo.MongoClient: server_info list_databases list_database_names drop_database
        pymongo.database.Database: command create_collection drop_collection list_collection_names
        pymongo.database.Database: list_collections validate_collection dereference
        pymongo.collection.Collection: insert_one insert_many find_one update_one update_many
        pymongo.collection.Collection: delete_one delete_many replace_one count_documents distinct
        pymongo.collection.Collection: estimated_document_count bulk_write create_index create_indexes
        pymongo.collection.Collection: drop drop_index drop_indexes find_one_and_update rename
        pymongo.collection.Collection: find_one_and_delete find_one_and_replace index_information
        pymongo.cursor.Cursor: __iter__ next to_list explain
        pymongo.command_cursor.CommandCursor: __iter__ next to_list
        pymongo.collection.Collection: aggregate
    """,
    (DATABASE, f"redis.asyncio or {THREAD}"): """
        redis.Redis: * -pipeline -pubsub -lock -register_script -close -transaction -from_url -json -ft
        redis.client.Pipeline: execute
        redis.client.PubSub: get_message listen
    """,
    (DATABASE, f"the library's async client or {THREAD}"): """
        elasticsearch.Elasticsearch: * -options -close
        opensearchpy.OpenSearch: * -close
    """,
    # --- AFA203 -----------------------------------------------------------------------------
    (SLEEP, "await asyncio.sleep(...)"): """
        time: sleep
    """,
    (SLEEP, THREAD): """
        psutil: cpu_percent cpu_times_percent
        psutil.Process: cpu_percent
    """,
    # --- AFA204 -----------------------------------------------------------------------------
    (SUBPROCESS, f"asyncio.create_subprocess_exec or {THREAD}"): """
        subprocess: run call check_call check_output getoutput getstatusoutput
        subprocess.Popen: communicate wait
        os: system popen wait waitpid wait3 wait4 spawnl spawnle spawnlp spawnv spawnve spawnvp
        pty: spawn
        pexpect: run
        sh: **
    """,
    (SUBPROCESS, THREAD): """
        git.Git: * -clear_cache -custom_environment -environment -polish_url -refresh -update_environment
        git.Repo: * -close -config_reader -create_head
        git.Repo: clone_from clone init
        psutil: wait_procs
        psutil.Process: wait
    """,
    # --- AFA205 -----------------------------------------------------------------------------
    (FILE, f"aiofiles, anyio.open_file or {THREAD}"): """
        builtins: open
        io.BufferedWriter: write
        io: open
        codecs: open
        os: fdopen
    """,
    (FILE, f"anyio.Path or {THREAD}"): """
        pathlib.Path: read_text read_bytes write_text write_bytes open iterdir glob rglob walk
        pathlib.Path: copy copy_into move move_into
        os: walk listdir scandir fwalk sendfile copy_file_range fsync sync truncate
        glob: glob iglob
    """,
    (FILE, THREAD): """
        shutil: copy copy2 copyfile copyfileobj copytree move rmtree make_archive unpack_archive
        tempfile: NamedTemporaryFile TemporaryFile TemporaryDirectory SpooledTemporaryFile mkstemp mkdtemp
        filecmp: cmp dircmp cmpfiles
        fileinput: input
        configparser.ConfigParser: read
        linecache: getline getlines
        json: load
        lxml.etree: parse
        xml.etree.ElementTree: parse iterparse
        jinja2: Environment
    """,
    (FILE, "await read() and await write() of the UploadFile"): """
        tempfile.SpooledTemporaryFile: read readline readlines write writelines seek __iter__
    """,
    # --- AFA206 -----------------------------------------------------------------------------
    (NETWORK, f"aioboto3 or {THREAD}"): """
        boto3.client: * -close -get_paginator -get_waiter -can_paginate -generate_presigned_url
        boto3.client: * -generate_presigned_post
        boto3.resource: * -Bucket -Object -ObjectSummary -Table -Queue -Topic -Instance -Message -all
        boto3.resource: * -filter -limit -page_size -get_available_subresources -close
        boto3.waiter: wait
        boto3.paginator: __iter__ build_full_result
    """,
    (NETWORK, f"aiosmtplib or {THREAD}"): """
        smtplib: SMTP SMTP_SSL
        smtplib.SMTP: connect login sendmail send_message starttls ehlo helo quit noop
    """,
    (NETWORK, f"the library's async client or {THREAD}"): """
        openai.OpenAI: * -with_options -copy -close
        openai.AzureOpenAI: * -with_options -copy -close
        openai.**: create generate retrieve list delete
        anthropic.Anthropic: * -with_options -copy -close
        anthropic.AnthropicBedrock: * -with_options -copy -close
        anthropic.AnthropicVertex: * -with_options -copy -close
        cohere.Client: * -close
        cohere.ClientV2: * -close
        mistralai.Mistral: complete chat embed process create list upload
        groq.Groq: * -with_options -copy -close
        together.Together: * -with_options -close
        replicate: run
        voyageai.Client: embed rerank multimodal_embed contextualized_embed
        cerebras.cloud.sdk.Cerebras: * -with_options -copy -close
        ollama: chat generate embed embeddings pull push list show create copy delete
        ollama.Client: * -close
        google.generativeai.GenerativeModel: generate_content count_tokens
        google.genai.Client: generate_content embed_content generate_images
        google.generativeai: embed_content list_models upload_file
        slack_sdk.WebClient: * -close
        slack_sdk.webhook.WebhookClient: send send_dict
        supabase.Client: execute sign_in_with_password sign_up sign_out upload download get_user invoke
        litellm: completion embedding text_completion image_generation moderation rerank
    """,
    (NETWORK, f"an async method such as create_async or {THREAD}"): """
        stripe.**: create retrieve modify list delete search cancel confirm capture pay save refresh
        stripe.**: finalize_invoice void_invoice send_invoice upcoming create_preview add_lines attach
        stripe.**: detach update create_usage_record list_line_items delete_discount expire close
        stripe.**: mark_uncollectible increment_authorization verify list_payment_methods finalize
        stripe.**: delete_external_account create_external_account create_balance_transaction
        stripe.StripeClient: create retrieve update list delete search cancel confirm capture pay expire
        stripe.StripeClient: finalize_invoice void_invoice send_invoice attach detach raw_request
    """,
    (NETWORK, THREAD): """
        twilio.rest.Client: create fetch delete update list stream
        sendgrid.SendGridAPIClient: send post get
        resend.**: send create get list remove cancel verify
        mailchimp_transactional.Client: send ping
        mailjet_rest.Client: create get update delete
        postmarker.core.PostmarkClient: send ping
        ftplib: FTP FTP_TLS
        ftplib.FTP: connect login cwd dir nlst mlsd retrbinary retrlines storbinary storlines delete
        ftplib.FTP: mkd rmd rename size quit sendcmd voidcmd
        imaplib: IMAP4 IMAP4_SSL
        imaplib.IMAP4: login select search fetch store append copy expunge logout uid noop list
        poplib: POP3 POP3_SSL
        telnetlib: Telnet
        paramiko.SSHClient: connect exec_command open_sftp invoke_shell
        paramiko.SFTPClient: get put open listdir listdir_attr stat remove mkdir rmdir rename getfo putfo
        paramiko.Transport: connect open_session
        fabric.Connection: run sudo put get open
        socket: create_connection getaddrinfo gethostbyname gethostbyname_ex gethostbyaddr getnameinfo
        socket: getfqdn
        socket.socket: connect accept recv recvfrom recv_into send sendall sendto sendfile
        dns.resolver: resolve query resolve_address
        dns.resolver.Resolver: resolve query resolve_address
        dns.query: udp tcp https tls
        whois: whois
        pika: BlockingConnection
        pika.adapters.blocking_connection.BlockingChannel: basic_publish basic_get queue_declare
        pika.adapters.blocking_connection.BlockingChannel: exchange_declare start_consuming
        kafka.KafkaProducer: flush
        kafka.KafkaConsumer: poll __iter__ commit
        kubernetes.client._Api: *
        kubernetes.config: load_kube_config load_incluster_config load_config
        kubernetes.watch.Watch: stream
        docker: from_env
        docker.DockerClient: * -close
        docker.APIClient: * -close
        google.cloud.storage.Client: create_bucket get_bucket list_blobs list_buckets lookup_bucket
        google.cloud.storage.Client: download_blob_to_file
        google.cloud.storage.Bucket: get_blob list_blobs delete_blob delete_blobs create exists copy_blob
        google.cloud.storage.Bucket: reload patch update rename_blob delete
        google.cloud.storage.Blob: upload_from_string upload_from_file upload_from_filename exists delete
        google.cloud.storage.Blob: download_as_bytes download_as_string download_as_text reload patch
        google.cloud.storage.Blob: download_to_file download_to_filename make_public compose rewrite
        google.cloud.bigquery.Client: query query_and_wait insert_rows_json insert_rows get_table
        google.cloud.bigquery.Client: create_table delete_table list_rows list_tables load_table_from_file
        google.cloud.bigquery.Client: load_table_from_dataframe
        google.cloud.secretmanager.SecretManagerServiceClient: * -secret_path -secret_version_path
        google.cloud.firestore.Client: get_all collections batch_get
        google.cloud.tasks_v2.CloudTasksClient: * -queue_path -task_path
        google.cloud.vision.ImageAnnotatorClient: *
        google.auth: default
        google.oauth2.id_token: verify_oauth2_token verify_token verify_firebase_token fetch_id_token
        firebase_admin.auth: verify_id_token get_user create_user update_user delete_user
        firebase_admin.messaging: send send_all send_each send_multicast send_each_for_multicast
        firebase_admin.messaging: subscribe_to_topic unsubscribe_from_topic
        azure.storage.blob.BlobServiceClient: create_container delete_container list_containers
        azure.storage.blob.BlobServiceClient: get_account_information get_service_properties
        azure.storage.blob.ContainerClient: upload_blob download_blob delete_blob list_blobs exists
        azure.storage.blob.ContainerClient: create_container delete_container get_container_properties
        azure.storage.blob.BlobClient: upload_blob download_blob delete_blob exists get_blob_properties
        azure.storage.blob.BlobClient: set_blob_metadata start_copy_from_url
        azure.storage.blob.StorageStreamDownloader: readall readinto content_as_bytes content_as_text
        azure.identity.DefaultAzureCredential: get_token
        azure.identity.ClientSecretCredential: get_token
        azure.keyvault.secrets.SecretClient: get_secret set_secret list_properties_of_secrets
        azure.cosmos.CosmosClient: create_database create_database_if_not_exists
        azure.servicebus.ServiceBusSender: send_messages
        azure.servicebus.ServiceBusReceiver: receive_messages complete_message
        minio.Minio: * -presigned_get_object -presigned_put_object -presigned_post_policy
        github.Github: * -close
        gitlab.Gitlab: auth
        hvac.Client: * -logout
        jira.JIRA: *
        tweepy.API: *
        huggingface_hub: hf_hub_download snapshot_download model_info list_models upload_file
        huggingface_hub.HfApi: *
        huggingface_hub.InferenceClient: *
        jwt.PyJWKClient: get_signing_key get_signing_key_from_jwt fetch_data get_jwk_set
    """,
    # --- AFA207 -----------------------------------------------------------------------------
    (CPU, f"{THREAD} or a process pool"): """
        bcrypt: hashpw checkpw kdf
        passlib.context.CryptContext: hash verify verify_and_update encrypt dummy_verify
        passlib.hash.**: hash verify encrypt
        argon2.PasswordHasher: hash verify
        argon2: hash_password verify_password
        argon2.low_level: hash_secret hash_secret_raw verify_secret
        pwdlib.PasswordHash: hash verify verify_and_update
        pwdlib.hashers.argon2.Argon2Hasher: hash verify
        pwdlib.hashers.bcrypt.BcryptHasher: hash verify
        fastapi_users.password.PasswordHelper: hash verify_and_update
        werkzeug.security: generate_password_hash check_password_hash
        nacl.pwhash.**: str verify kdf
        hashlib: pbkdf2_hmac scrypt
        cryptography.hazmat.primitives.kdf.pbkdf2.PBKDF2HMAC: derive verify
        cryptography.hazmat.primitives.kdf.scrypt.Scrypt: derive verify
        cryptography.hazmat.primitives.asymmetric.rsa: generate_private_key
        PIL.Image: open
        PIL.Image.Image: resize thumbnail save convert rotate filter transpose quantize load verify
        PIL.Image.Image: crop tobytes reduce transform effect_spread
        PIL.ImageOps: exif_transpose fit contain pad autocontrast equalize
        cv2: imread imwrite imdecode imencode resize cvtColor GaussianBlur blur Canny threshold warpAffine
        cv2: warpPerspective findContours matchTemplate dnn bilateralFilter fastNlMeansDenoising
        zipfile.ZipFile: write writestr extract extractall read testzip
        tarfile: open
        tarfile.TarFile: add addfile extract extractall
        gzip: compress decompress open GzipFile
        lzma: compress decompress open
        bz2: compress decompress open
        zlib: compress decompress
        pandas: read_csv read_excel read_parquet read_json read_sql read_sql_query read_sql_table
        pandas: read_html read_feather read_pickle read_orc read_xml read_table read_fwf merge concat
        pandas: pivot_table json_normalize
        pandas.DataFrame: to_csv to_excel to_parquet to_sql to_json to_pickle to_feather to_html merge
        pandas.DataFrame: apply groupby pivot_table sort_values describe corr
        polars: read_csv read_parquet read_json read_excel
        numpy: load save savez savez_compressed loadtxt savetxt genfromtxt fromfile
        numpy.linalg: svd inv eig eigh solve lstsq pinv qr det matrix_power
        scipy.optimize: minimize curve_fit linprog differential_evolution
        sklearn.base.BaseEstimator: fit predict transform fit_transform fit_predict predict_proba score
        sklearn.model_selection: cross_val_score train_test_split GridSearchCV
        joblib: load dump
        torch: load save
        torch.hub: load
        transformers: pipeline
        transformers.**: from_pretrained
        transformers.Pipeline: __call__
        sentence_transformers: SentenceTransformer CrossEncoder
        sentence_transformers.SentenceTransformer: encode encode_multi_process similarity
        sentence_transformers.CrossEncoder: predict rank
        whisper: load_model
        whisper.Whisper: transcribe
        faster_whisper.WhisperModel: transcribe
        spacy: load
        spacy.Language: __call__ pipe
        easyocr.Reader: readtext
        pytesseract: image_to_string image_to_data image_to_boxes
        pypdf: PdfReader
        pypdf.PdfWriter: write append
        PyPDF2: PdfReader
        pdfplumber: open
        pymupdf: open
        fitz: open
        pdf2image: convert_from_bytes convert_from_path
        docx: Document
        openpyxl: load_workbook
        openpyxl.Workbook: save
        weasyprint.HTML: write_pdf
        pdfkit: from_string from_url from_file
        matplotlib.pyplot: savefig
        qrcode: make
        moviepy.editor: VideoFileClip
        pydub.AudioSegment: from_file export
        librosa: load
    """,
    # --- AFA208 -----------------------------------------------------------------------------
    (WAIT, "await asyncio.wrap_future(...)"): """
        concurrent.futures.Future: result exception
    """,
    (WAIT, "await loop.run_in_executor(...)"): """
        concurrent.futures: wait as_completed
        concurrent.futures._Results: __iter__ __next__
        concurrent.futures.Executor: shutdown
        multiprocessing.pool.Pool: map starmap apply join
        multiprocessing.pool.AsyncResult: get wait
        joblib.Parallel: __call__
    """,
    (WAIT, THREAD): """
        threading.Thread: join
        multiprocessing.Process: join
        multiprocessing.Queue: get join_thread
        celery.result.AsyncResult: get
        builtins: input
        getpass: getpass
        select: select
        signal: pause sigwait
    """,
    (WAIT, f"asyncio.Queue if no thread fills it, or {THREAD}"): """
        queue.Queue: get join
    """,
    (WAIT, f"asyncio.Event if no thread sets it, or {THREAD}"): """
        threading.Event: wait
    """,
    (WAIT, f"the same of asyncio if no thread uses it, or {THREAD}"): """
        threading.Condition: wait wait_for
        threading.Barrier: wait
    """,
}

BLOCKING: Final[tuple[tuple[str, str, str], ...]] = tuple(
    (kind, advice, line.strip())
    for table in (_OWN, CLIENTS, SERVICES)
    for (kind, advice), text in table.items()
    for line in text.splitlines()
    if line.strip()
)
"""Rule, advice and line of all tables."""

MODULES: Final = frozenset(
    {"Crypto.PublicKey.RSA", "MySQLdb", "PIL.Image", "PIL.ImageOps", "PyPDF2", "xml.etree.ElementTree"}
)
"""Modules whose names look like those of types."""

LOCKS: Final[frozenset[str]] = frozenset(
    {
        "threading.Lock",
        "threading.RLock",
        "threading.Semaphore",
        "threading.BoundedSemaphore",
        "threading.Condition",
        "multiprocessing.Lock",
        "filelock.FileLock",
    }
)
"""Objects that are waited for only while another thread has them."""

EXECUTORS: Final[frozenset[str]] = frozenset(
    {
        "concurrent.futures.ThreadPoolExecutor",
        "concurrent.futures.ProcessPoolExecutor",
    }
)
"""Leaving a ``with`` over one of these waits for all work that was submitted."""

CALLERS: Final[Mapping[str, tuple[int, str]]] = {
    "builtins.map": (0, ""),
    "builtins.filter": (0, ""),
    "functools.reduce": (0, ""),
    "builtins.sorted": (99, "key"),
    "builtins.min": (99, "key"),
    "builtins.max": (99, "key"),
    "asyncio.AbstractEventLoop.call_soon": (0, "callback"),
    "asyncio.AbstractEventLoop.call_later": (1, "callback"),
    "asyncio.AbstractEventLoop.call_at": (1, "callback"),
    "asyncio.Task.add_done_callback": (0, ""),
    "asyncio.Future.add_done_callback": (0, ""),
}
"""Library functions that call one of their arguments on the thread (or loop) of their caller."""

CONSUMERS: Final[frozenset[str]] = frozenset(
    f"builtins.{name}"
    for name in "list tuple set frozenset dict sorted sum min max any all next reversed".split()
) | {"builtins.str.join"}
"""Functions that go through the iterable they are given at once."""

OFFLOADERS: Final[frozenset[str]] = frozenset(
    {
        "asyncio.to_thread",
        "asyncio.AbstractEventLoop.run_in_executor",
        "anyio.to_thread.run_sync",
        "starlette.concurrency.run_in_threadpool",
        "starlette.concurrency.iterate_in_threadpool",
        "fastapi.concurrency.contextmanager_in_threadpool",
        "concurrent.futures.Executor.submit",
        "concurrent.futures.ThreadPoolExecutor.submit",
        "concurrent.futures.ProcessPoolExecutor.submit",
        "starlette.responses.StreamingResponse",
    }
)
"""Calls that go through lazy arguments (generators, ``map``) in another thread."""

LAZY: Final[frozenset[str]] = frozenset(
    {
        "os.walk",
        "os.fwalk",
        "os.scandir",
        "glob.iglob",
        "Path.glob",
        "Path.rglob",
        "Path.iterdir",
        "Path.walk",
    }
)
"""Calls, as messages name them, that block where their result is gone through and not by themselves."""

RUN_ONCE: Final[frozenset[str]] = frozenset(
    {
        "functools.cache",
        "functools.lru_cache",
        "cachetools.cached",
        "cachetools.func.lru_cache",
        "cachetools.func.ttl_cache",
    }
)
"""Decorators after which a function does its work once."""

CONFIGURED: Final[Mapping[str, str]] = {
    "AFA201": HTTP,
    "AFA202": DATABASE,
    "AFA203": SLEEP,
    "AFA204": SUBPROCESS,
    "AFA205": FILE,
    "AFA206": NETWORK,
    "AFA207": CPU,
    "AFA208": WAIT,
}
"""The kinds of blocking calls by the code that reports them, for the configuration."""
