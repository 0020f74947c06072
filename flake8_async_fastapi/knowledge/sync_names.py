"""Other names of the types and functions in ``sync_types``: their full paths, and similar types.

A subclass that adds no blocking call is listed as another name of its base. Source: the libraries'
documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ESTIMATORS: Final = {
    "cluster": "KMeans DBSCAN AgglomerativeClustering MiniBatchKMeans",
    "decomposition": "PCA TruncatedSVD NMF",
    "ensemble": "RandomForestClassifier RandomForestRegressor GradientBoostingClassifier IsolationForest "
                "GradientBoostingRegressor",
    "feature_extraction.text": "TfidfVectorizer CountVectorizer",
    "linear_model": "LinearRegression LogisticRegression Ridge Lasso SGDClassifier",
    "manifold": "TSNE",
    "neighbors": "KNeighborsClassifier NearestNeighbors KNeighborsRegressor",
    "neural_network": "MLPClassifier MLPRegressor",
    "pipeline": "Pipeline",
    "preprocessing": "StandardScaler MinMaxScaler OneHotEncoder LabelEncoder",
    "svm": "SVC SVR LinearSVC",
    "tree": "DecisionTreeClassifier DecisionTreeRegressor",
}  # fmt: skip

_KUBERNETES: Final = (
    "CoreV1Api AppsV1Api BatchV1Api CustomObjectsApi NetworkingV1Api RbacAuthorizationV1Api "
    "StorageV1Api VersionApi ApiextensionsV1Api AutoscalingV1Api"
)

_LOADERS: Final = (
    "BSHTMLLoader CSVLoader ConfluenceLoader DirectoryLoader Docx2txtLoader "
    "GitLoader JSONLoader NotionDBLoader PDFMinerLoader PDFPlumberLoader PyMuPDFLoader PyPDFDirectoryLoader "
    "PyPDFLoader SafePyPDFLoader SitemapLoader TextLoader UnstructuredCSVLoader UnstructuredEPubLoader "
    "UnstructuredExcelLoader UnstructuredFileLoader UnstructuredHTMLLoader UnstructuredMarkdownLoader "
    "UnstructuredPDFLoader UnstructuredPowerPointLoader UnstructuredRSTLoader UnstructuredURLLoader "
    "UnstructuredWordDocumentLoader UnstructuredXMLLoader WebBaseLoader WikipediaLoader YoutubeLoader"
)

_SPLITTERS: Final = (
    "CharacterTextSplitter HTMLHeaderTextSplitter LatexTextSplitter MarkdownHeaderTextSplitter "
    "MarkdownTextSplitter NLTKTextSplitter PythonCodeTextSplitter RecursiveCharacterTextSplitter "
    "SentenceTransformersTokenTextSplitter SpacyTextSplitter TokenTextSplitter"
)

_CHUNKERS: Final = "CodeChunker RecursiveChunker SemanticChunker SentenceChunker TokenChunker"

ALIASES: Final[Mapping[str, str]] = {
    **{
        f"{package}.{name}": "langchain_text_splitters.TextSplitter"
        for package in (
            "langchain_text_splitters", "langchain_text_splitters.character", "langchain.text_splitter"
        )
        for name in _SPLITTERS.split()
    },
    **{f"chonkie.{name}": "chonkie.BaseChunker" for name in _CHUNKERS.split()},
    "google.cloud.firestore_v1.Client": "google.cloud.firestore.Client",
    **{
        f"{package}.document_loaders.{name}": "langchain_core.document_loaders.BaseLoader"
        for package in ("langchain_community", "langchain")
        for name in _LOADERS.split()
    },
    "requests.sessions.Session": "requests.Session",
    **{f"requests.api.{name}": f"requests.{name}"
       for name in "get post put patch delete head options request".split()},
    "http.client.HTTPSConnection": "http.client.HTTPConnection",
    "urllib3.poolmanager.PoolManager": "urllib3.PoolManager",
    "urllib3.ProxyManager": "urllib3.PoolManager",
    "urllib3.HTTPConnectionPool": "urllib3.PoolManager",
    "urllib3.HTTPSConnectionPool": "urllib3.PoolManager",
    "psycopg.connection.Connection": "psycopg.Connection",
    "pymysql.Connection": "pymysql.connections.Connection",
    "pymysql.connections.connect": "pymysql.connect",
    "pymongo.mongo_client.MongoClient": "pymongo.MongoClient",
    "pymongo.synchronous.mongo_client.MongoClient": "pymongo.MongoClient",
    "pymongo.synchronous.database.Database": "pymongo.database.Database",
    "pymongo.synchronous.collection.Collection": "pymongo.collection.Collection",
    "pymongo.Collection": "pymongo.collection.Collection",
    "redis.RedisCluster": "redis.Redis",
    "redis.cluster.RedisCluster": "redis.Redis",
    "redis.Sentinel": "redis.Redis",
    "elasticsearch.client.Elasticsearch": "elasticsearch.Elasticsearch",
    "git.cmd.Git": "git.Git",
    "git.repo.Repo": "git.Repo",
    "unittest.mock.AsyncMock": "unittest.mock.Mock",
    "unittest.mock.MagicMock": "unittest.mock.Mock",
    "unittest.mock.NonCallableMock": "unittest.mock.Mock",
    "unittest.mock.NonCallableMagicMock": "unittest.mock.Mock",
    "git.repo.base.Repo": "git.Repo",
    "pathlib.PosixPath": "pathlib.Path",
    "boto3.session.Session": "boto3.Session",
    "boto3.session.Session.client": "boto3.Session.client",
    "botocore.client.BaseClient": "boto3.client",
    "mypy_boto3_s3.S3Client": "boto3.client",
    "mypy_boto3_s3.client.S3Client": "boto3.client",
    "types_boto3_s3.client.S3Client": "boto3.client",
    "mypy_boto3_sqs.SQSClient": "boto3.client",
    "mypy_boto3_sqs.client.SQSClient": "boto3.client",
    "smtplib.SMTP_SSL": "smtplib.SMTP",
    "smtplib.LMTP": "smtplib.SMTP",
    "openai.Client": "openai.OpenAI",
    "openai.lib.azure.AzureOpenAI": "openai.AzureOpenAI",
    "anthropic.Client": "anthropic.Anthropic",
    "google.genai.client.Client": "google.genai.Client",
    "slack_sdk.web.WebClient": "slack_sdk.WebClient",
    "slack_sdk.web.client.WebClient": "slack_sdk.WebClient",
    "sendgrid.sendgrid.SendGridAPIClient": "sendgrid.SendGridAPIClient",
    "ftplib.FTP_TLS": "ftplib.FTP",
    "imaplib.IMAP4_SSL": "imaplib.IMAP4",
    "paramiko.client.SSHClient": "paramiko.SSHClient",
    "socket.SocketType": "socket.socket",
    **{f"kubernetes.client.{name}": "kubernetes.client._Api" for name in _KUBERNETES.split()},
    "docker.client.DockerClient": "docker.DockerClient",
    "google.cloud.storage.client.Client": "google.cloud.storage.Client",
    "google.cloud.storage.bucket.Bucket": "google.cloud.storage.Bucket",
    "google.cloud.storage.blob.Blob": "google.cloud.storage.Blob",
    "minio.api.Minio": "minio.Minio",
    "github.MainClass.Github": "github.Github",
    "jwt.jwks_client.PyJWKClient": "jwt.PyJWKClient",
    "passlib.context.LazyCryptContext": "passlib.context.CryptContext",
    "fastapi_users.password.PasswordHelperProtocol": "fastapi_users.password.PasswordHelper",
    "pandas.core.frame.DataFrame": "pandas.DataFrame",
    **{
        f"sklearn.{module}.{name}": "sklearn.base.BaseEstimator"
        for module, listed in _ESTIMATORS.items()
        for name in listed.split()
    },
    "concurrent.futures.thread.ThreadPoolExecutor": "concurrent.futures.ThreadPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor": "concurrent.futures.ProcessPoolExecutor",
    "multiprocessing.pool.ThreadPool": "multiprocessing.pool.Pool",
    "multiprocessing.context.Process": "multiprocessing.Process",
    "multiprocessing.process.Process": "multiprocessing.Process",
    "queue.LifoQueue": "queue.Queue",
    "queue.PriorityQueue": "queue.Queue",
    "queue.SimpleQueue": "queue.Queue",
    "celery.app.base.Celery": "celery.Celery",
    **{f"huey.{name}": "huey.Huey" for name in "RedisHuey SqliteHuey MemoryHuey FileHuey".split()},
    "celery.app.task.AsyncResult": "celery.result.AsyncResult",
    "filelock.SoftFileLock": "filelock.FileLock",
}
