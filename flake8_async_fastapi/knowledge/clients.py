"""Further libraries whose calls block, in the notation of ``blocking.py``.

If a library also has an async client, the advice names it.

Source: the libraries' documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.knowledge.blocking_kinds import (
    CPU,
    DATABASE,
    HTTP,
    NETWORK,
    SUBPROCESS,
    THREAD,
    TWIN,
    WAIT,
)

CLIENTS: Final[Mapping[tuple[str, str], str]] = {
    (HTTP, f"httpx.AsyncClient or {THREAD}"): """
        requests_oauthlib.OAuth2Session: get post put patch delete request fetch_token refresh_token
        requests_oauthlib.OAuth1Session: get post put patch delete request fetch_request_token
        authlib.integrations.requests_client.OAuth2Session: get post put patch delete request fetch_token
        authlib.integrations.requests_client.OAuth2Session: refresh_token revoke_token introspect_token
        requests_cache.CachedSession: get post put patch delete head options request send
        trafilatura: fetch_url
        newspaper.Article: download build
        wikipedia: page summary search
        yfinance: download
    """,
    (DATABASE, f"an async driver or {THREAD}"): """
        trino.dbapi: connect
        pyhive.hive: connect
        pyhive.presto: connect
        databricks.sql: connect
        redshift_connector: connect
        hdbcli.dbapi: connect
        ibm_db: connect exec_immediate prepare execute
        firebirdsql: connect
        influxdb.InfluxDBClient: query write_points write ping
        influxdb_client.WriteApi: write
        influxdb_client.QueryApi: query query_data_frame query_stream query_raw
        happybase.Connection: open table tables create_table
        arango.ArangoClient: db
        pymemcache.client.base.Client: get set add delete incr decr get_many set_many delete_many flush_all
        pylibmc.Client: get set add delete incr decr get_multi set_multi
        memcache.Client: get set add delete incr decr get_multi set_multi
    """,
    (DATABASE, TWIN): """
        valkey.Valkey: * -pipeline -pubsub -lock -register_script -close -from_url
        opensearchpy.client.OpenSearch: * -close
        meilisearch.Client: * -index
        meilisearch.index.Index: search add_documents update_documents delete_document delete_documents
        meilisearch.index.Index: get_document get_documents delete_all_documents update_settings
        typesense.Client: *
        algoliasearch.search_client.SearchClient: *
        algoliasearch.search.client.SearchClientSync: *
        pymilvus.MilvusClient: * -close
        pymilvus.Collection: search query insert upsert delete load flush create_index
        pymilvus.connections: connect
        pymilvus.utility: has_collection drop_collection list_collections load_state loading_progress
        pinecone.Index: query upsert delete fetch update describe_index_stats
        pinecone.data.index.Index: query upsert delete fetch update describe_index_stats
        lancedb: connect
        weaviate: connect_to_local connect_to_weaviate_cloud connect_to_custom
        surrealdb.Surreal: query create select update delete signin
    """,
    (SUBPROCESS, THREAD): """
        invoke: run
        ffmpeg: run probe
        sarge: run capture_stdout
        ffmpeg.nodes.OutputStream: run
        pypandoc: convert_text convert_file download_pandoc
        selenium.webdriver: Chrome Firefox Edge Safari Remote
        selenium.webdriver.remote.webdriver.WebDriver: get find_element find_elements execute_script quit
        selenium.webdriver.remote.webdriver.WebDriver: refresh save_screenshot get_screenshot_as_png
    """,
    (SUBPROCESS, f"playwright.async_api or {THREAD}"): """
        playwright.sync_api: sync_playwright
    """,
    (NETWORK, TWIN): """
        tavily.TavilyClient: search extract crawl map get_search_context qna_search
        exa_py.Exa: search search_and_contents find_similar get_contents answer
        firecrawl.FirecrawlApp: scrape_url crawl_url map_url search
        firecrawl.Firecrawl: scrape crawl map search
        elevenlabs.client.ElevenLabs: generate convert
        elevenlabs.ElevenLabs: generate convert
        assemblyai.Transcriber: transcribe
        notion_client.Client: * -close
        atproto.Client: login send_post get_profile get_posts upload_blob
        workos.WorkOSClient: get list create delete update authenticate_with_code get_user create_user
        workos.WorkOSClient: get_profile_and_token get_organization create_organization send_invitation
        zep_python.ZepClient: *
        zep_cloud.client.Zep: *
        deepgram.DeepgramClient: transcribe_file transcribe_url
        zhipuai.ZhipuAI: create
        dashscope.**: call
        modal.Function: remote
        duckduckgo_search.DDGS: text images news videos
        ddgs.DDGS: text images news videos
        langsmith.Client: * -close
        e2b_code_interpreter.Sandbox: create run_code kill connect
        vertexai.generative_models.GenerativeModel: generate_content count_tokens
        fal_client: run subscribe upload upload_file
        langfuse.Langfuse: auth_check flush shutdown get_prompt get_trace get_dataset
        posthog: flush shutdown
        posthog.Posthog: flush shutdown feature_enabled get_feature_flag get_all_flags
        statsig.statsig: initialize shutdown
        ldclient.LDClient: flush
        serpapi.GoogleSearch: get_dict get_json get_object
        serpapi: search
        mem0.Memory: add search get get_all update delete delete_all
        mem0.MemoryClient: add search get get_all update delete delete_all
        qiniu: put_file put_data
        qcloud_cos.CosS3Client: put_object get_object delete_object head_object list_objects upload_file
        hubspot.HubSpot: api_request
        jenkins.Jenkins: build_job get_job_info get_build_info get_jobs create_job
        solana.rpc.api.Client: *
        alpaca.trading.client.TradingClient: *
    """,
    (NETWORK, f"an async method such as ainvoke or {THREAD}"): """
        langchain_openai.ChatOpenAI: invoke batch stream generate predict
        langchain_openai.AzureChatOpenAI: invoke batch stream generate predict
        langchain_openai.OpenAIEmbeddings: embed_query embed_documents
        langchain_openai.AzureOpenAIEmbeddings: embed_query embed_documents
        langchain_anthropic.ChatAnthropic: invoke batch stream generate predict
        langchain_google_genai.ChatGoogleGenerativeAI: invoke batch stream generate predict
        langchain_google_genai.GoogleGenerativeAIEmbeddings: embed_query embed_documents
        langchain_google_vertexai.ChatVertexAI: invoke batch stream generate predict
        langchain_aws.ChatBedrock: invoke batch stream generate predict
        langchain_aws.BedrockEmbeddings: embed_query embed_documents
        langchain_groq.ChatGroq: invoke batch stream generate predict
        langchain_mistralai.ChatMistralAI: invoke batch stream generate predict
        langchain_ollama.ChatOllama: invoke batch stream generate predict
        langchain_ollama.OllamaEmbeddings: embed_query embed_documents
        langchain_huggingface.HuggingFaceEmbeddings: embed_query embed_documents
        langchain_chroma.Chroma: similarity_search similarity_search_with_score add_documents add_texts
        langchain_pinecone.PineconeVectorStore: similarity_search add_documents add_texts
        langchain_qdrant.QdrantVectorStore: similarity_search add_documents add_texts
        langchain_postgres.PGVector: similarity_search similarity_search_with_score add_documents add_texts
        langchain_core.document_loaders.BaseLoader: load load_and_split
    """,
    (NETWORK, THREAD): """
        opentelemetry.sdk.trace.TracerProvider: force_flush shutdown
        opentelemetry.sdk.trace.export.BatchSpanProcessor: force_flush shutdown
        opentelemetry.sdk.trace.export.SimpleSpanProcessor: force_flush shutdown
        opentelemetry.sdk.metrics.MeterProvider: force_flush shutdown
        opentelemetry.sdk._logs.LoggerProvider: force_flush shutdown
        sentry_sdk: flush
        ldap3: Connection
        ldap3.Connection: open bind rebind start_tls search add modify delete modify_dn compare extend
        ldap.ldapobject.LDAPObject: simple_bind_s bind_s search_s search_ext_s add_s modify_s delete_s
        ldap.ldapobject.LDAPObject: start_tls_s unbind_s search_st passwd_s
        msal.ConfidentialClientApplication: acquire_token_for_client acquire_token_by_authorization_code
        msal.ConfidentialClientApplication: acquire_token_on_behalf_of acquire_token_by_refresh_token
        msal.PublicClientApplication: acquire_token_interactive acquire_token_by_username_password
        google.oauth2.credentials.Credentials: refresh
        google.oauth2.service_account.Credentials: refresh
        gspread: service_account service_account_from_dict authorize
        gspread.Client: open open_by_key open_by_url create
        dropbox.Dropbox: * -close
        exchangelib.Account: *
        yagmail.SMTP: send
        pysftp.Connection: get put listdir execute remove mkdir
        netmiko: ConnectHandler
        serial.Serial: read readline write flush
        geopy.geocoders.Nominatim: geocode reverse
        geopy.geocoders.GoogleV3: geocode reverse
        googlemaps.Client: geocode reverse_geocode directions distance_matrix places
        deep_translator.GoogleTranslator: translate translate_batch
        gtts.gTTS: save write_to_fp
        speech_recognition.Recognizer: listen record recognize_google recognize_whisper recognize_sphinx
        tweepy.Client: * -refresh_token
        tweepy.API: *
        atlassian.Confluence: * -url_joiner
        atlassian.Jira: * -url_joiner
        cloudinary.uploader: upload upload_large destroy rename
        cloudinary.api: resource resources delete_resources
        oss2.Bucket: put_object get_object delete_object put_object_from_file get_object_to_file
        oss2.Bucket: object_exists list_objects list_objects_v2 copy_object batch_delete_objects
        qcloud_cos.CosS3Client: put_object get_object upload_file download_file delete_object list_objects
        qcloud_cos.CosS3Client: head_object object_exists
        aliyunsdkcore.client.AcsClient: do_action_with_exception get_response
        ssl: get_server_certificate
        yt_dlp.YoutubeDL: extract_info download
        firebase_admin.auth: get_user_by_email get_user_by_phone_number set_custom_user_claims list_users
        firebase_admin.auth: verify_session_cookie create_session_cookie revoke_refresh_tokens
        google.cloud.firestore.DocumentReference: get set update delete create
        google.cloud.firestore.CollectionReference: get add
        google.cloud.firestore.Query: get
        razorpay.Client: * -verify_webhook_signature -verify_payment_signature -verify_payment_link_signature
        razorpay.Client: * -verify_subscription_signature -enable_retry -set_app_details
        braintree.BraintreeGateway: *
        plaid.api.plaid_api.PlaidApi: *
        shopify.ShopifyResource: find save
        pusher.Pusher: trigger trigger_batch
        pyfcm.FCMNotification: notify notify_single_device notify_multiple_devices
        mlflow: log_artifact log_artifacts log_metric log_metrics log_param log_params start_run
        mlflow.MlflowClient: *
        mlflow.tracking.MlflowClient: *
        wandb: init
        consul.Consul: *
        confluent_kafka.Producer: flush
        confluent_kafka.Consumer: poll consume commit
        nsq: Reader
        stomp.Connection: connect send subscribe
        paho.mqtt.client.Client: connect reconnect loop loop_forever
    """,
    (CPU, f"{THREAD} or a process pool"): """
        chardet: detect detect_all
        charset_normalizer: from_bytes from_path from_fp detect is_binary
        magika: Magika
        magika.Magika: identify_bytes identify_path identify_paths identify_stream
        pyarrow.parquet: read_table write_table read_pandas write_to_dataset
        pyarrow.csv: read_csv write_csv
        pyarrow.feather: read_table read_feather write_feather
        pyarrow.json: read_json
        polars: read_ndjson read_database read_ipc read_avro collect_all
        polars.DataFrame: write_csv write_parquet write_excel write_json write_ndjson write_database
        polars.LazyFrame: collect sink_csv sink_parquet
        pandas: ExcelFile ExcelWriter crosstab
        sklearn.metrics: pairwise_distances silhouette_score
        xgboost.Booster: load_model save_model predict
        lightgbm.Booster: predict save_model
        onnxruntime: InferenceSession
        onnxruntime.InferenceSession: run
        tensorflow.keras.models: load_model
        keras.models: load_model
        torch.jit: load save script trace
        ultralytics: YOLO
        ultralytics.YOLO: __call__ predict train track
        face_recognition: load_image_file face_encodings face_locations compare_faces
        skimage.io: imread imsave
        imageio: imread imwrite mimsave
        imageio.v2: imread imwrite
        imageio.v3: imread imwrite
        cairosvg: svg2png svg2pdf svg2ps
        wand.image.Image: resize save convert
        pptx: Presentation
        docx2txt: process
        textract: process
        markitdown.MarkItDown: convert convert_local convert_stream convert_url
        langchain_text_splitters.TextSplitter: split_text split_documents create_documents transform_documents
        chonkie.embeddings.BaseEmbeddings: embed embed_batch
        chonkie.BaseChunker: chunk chunk_batch __call__
        docling.document_converter.DocumentConverter: convert convert_all
        unstructured.partition.auto: partition
        unstructured.partition.pdf: partition_pdf
        pdfminer.high_level: extract_text extract_pages extract_text_to_fp
        pymupdf4llm: to_markdown
        camelot: read_pdf
        tabula: read_pdf
        xlrd: open_workbook
        xlsxwriter.Workbook: close
        reportlab.platypus.SimpleDocTemplate: build
        reportlab.pdfgen.canvas.Canvas: save
        fpdf.FPDF: output
        xhtml2pdf.pisa: CreatePDF
        py7zr.SevenZipFile: extractall readall writeall
        rarfile.RarFile: extract extractall read
        zstandard: compress decompress
        brotli: compress decompress
        lz4.frame: compress decompress open
        Crypto.PublicKey.RSA: generate
        rsa: newkeys
        scrypt: hash encrypt decrypt
        nltk: download
        trafilatura: extract
        gensim.models: Word2Vec KeyedVectors
        gensim.downloader: load
        llama_cpp: Llama
        llama_cpp.Llama: __call__ create_completion create_chat_completion create_embedding embed eval
        llama_cpp.Llama: generate from_pretrained
        vllm: LLM
        vllm.LLM: generate chat encode embed classify score
        faiss: read_index write_index
        geopandas: read_file read_parquet
        mammoth: convert_to_html convert_to_markdown extract_raw_text
        plotly.io: write_image to_image
    """,
    (WAIT, THREAD): """
        ray: get wait get_actor init kill shutdown
        celery.result.ResultSet: get join join_native
        celery.result.GroupResult: get join join_native
        dramatiq.Message: get_result
    """,
}

WRAPPERS: Final = (
    "instructor.from_anthropic",
    "instructor.from_groq",
    "instructor.from_mistral",
    "instructor.from_openai",
    "instructor.patch",
    "langsmith.wrappers.wrap_anthropic",
    "langsmith.wrappers.wrap_openai",
)
"""Functions that give back the client that they are given, or one whose methods are async where its are."""
