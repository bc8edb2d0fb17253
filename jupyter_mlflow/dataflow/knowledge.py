"""Well-known effects of functions, by dotted name.

A function of a well-known library is pure unless a rule says otherwise: it leaves its arguments alone, keeps no hidden state and gives
something new that may share memory with its arguments. A function of any other library may do anything to what it is given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jupyter_mlflow.dataflow.values import UNKNOWN


@dataclass(frozen=True)
class Rule:
    """What a call does. Positions count arguments from 0; a name is a keyword."""

    gives: str = UNKNOWN
    shares: bool = True  # the result may share memory with the arguments
    changes: tuple[int, ...] = ()  # arguments changed in place
    draws: str = ""  # generator that it draws from
    seeds: str = ""
    process: str = ""  # process state written
    reads_process: str = ""
    file_in: int | None = None  # position of the path it reads; -1: cannot be told
    file_out: int | None = None
    keywords: tuple[str, ...] = ()  # names under which that path may be given
    hidden: bool = False  # changes state inside its module
    again: bool = False  # running it again in another process does the same there, and nothing else
    stays: str = ""  # words for what it leaves in this process only
    logs: bool = False  # hands a record to the handlers of `logging`
    iterates: bool = False  # loops over its arguments


LABELS = frozenset({"index", "columns", "name", "names", "dtype", "copy"})
"""Keywords of frames and arrays whose values are read, but lend no memory: an index is immutable."""

PURE = Rule()
FRESH = Rule(shares=False)
KNOWN_ROOTS = frozenset(
    """
    abc altair array ast base64 bisect bokeh builtins calendar catboost cmath collections colorsys contextlib copy csv ctypes cycler
    dask dataclasses datetime dateutil decimal difflib duckdb enum errno fractions functools gc glob gzip hashlib heapq html imageio
    importlib inspect io IPython ipywidgets itertools joblib json keyword lightgbm linecache locale logging lzma math matplotlib
    mimetypes multiprocessing networkx nltk numbers numpy openpyxl operator os pandas pathlib PIL pickle pkgutil platform plotly polars
    pprint psutil pyarrow pydantic queue random re requests scipy seaborn secrets shap shlex shutil signal skimage sklearn sqlite3 stat
    statistics statsmodels string struct subprocess sys tabulate tempfile textwrap threading time timeit token tokenize toml torch
    torchvision tqdm traceback types typing typing_extensions unicodedata unittest urllib uuid warnings weakref xgboost xml yaml zipfile
    zlib zoneinfo socket asyncio concurrent contextvars ssl select atexit codecs configparser argparse getpass http email graphlib
    imblearn umap hdbscan cloudpickle dill blake3 fsspec s3fs tensorflow keras jax cupy numba cv2 spacy transformers datasets tokenizers
    sympy gensim textblob wordcloud folium geopandas shapely
    """.split()
)
"""Libraries whose functions we trust to be pure unless a rule says otherwise."""

OPAQUE = ("ctypes", "tensorflow", "keras", "jax", "numba", "transformers", "datasets", "spacy", "gensim", "unittest")
"""Known by name, yet not pure by default."""


STAYS = {
    "os.getpid": "a process id",
    "os.getppid": "a process id",
    "multiprocessing.current_process": "a running process",
    "psutil.Process": "a running process",
    "threading.get_ident": "the id of a thread",
    "threading.get_native_id": "the id of a thread",
    "threading.current_thread": "a thread",
}
"""Functions whose results mean nothing in another process."""

TABLE: tuple[tuple[Rule, str, str], ...] = (
    (
        Rule(gives="array", shares=False),
        "numpy.",
        """
        array copy zeros ones empty full arange linspace logspace eye identity zeros_like ones_like empty_like full_like concatenate
        stack vstack hstack column_stack dstack tile repeat where sort argsort unique cumsum cumprod diff dot matmul outer kron add
        subtract multiply divide power exp log log2 log10 log1p expm1 sqrt sin cos tan abs absolute maximum minimum clip round sign
        floor ceil isnan isinf isfinite meshgrid histogram bincount digitize interp convolve corrcoef cov percentile quantile cross
        tensordot einsum pad roll flip rot90 insert delete append select piecewise polyfit polyval logical_and logical_or
        logical_not nan_to_num r_ c_ mgrid ogrid indices fromiter tril triu
        """,
    ),
    (
        Rule(gives="scalar", shares=False),
        "numpy.",
        """
        mean sum std var median min max amin amax argmax argmin prod any all allclose array_equal count_nonzero nanmean nansum
        nanstd nanmin nanmax ndim size trapezoid average int64 float64 float32 int32 bool_ isscalar
        """,
    ),
    (
        Rule(gives="array", shares=True),
        "numpy.",
        """
        asarray ravel reshape transpose squeeze atleast_1d atleast_2d broadcast_to asanyarray expand_dims moveaxis swapaxes split
        array_split vsplit hsplit frombuffer ascontiguousarray
        """,
    ),
    (Rule(gives="none", shares=False, changes=(0,)), "numpy.", "put copyto place putmask fill_diagonal put_along_axis"),
    (Rule(gives="array", file_in=0, keywords=("file", "fname")), "numpy.", "load loadtxt genfromtxt fromfile memmap"),
    (Rule(gives="none", file_out=0, keywords=("file", "fname")), "numpy.", "save savez savez_compressed savetxt"),
    (Rule(process="numpy"), "numpy.", "set_printoptions seterr seterrcall setbufsize set_string_function"),
    (Rule(gives="none", seeds="numpy"), "numpy.", "random.seed random.set_state"),
    (Rule(gives="none", draws="numpy", changes=(0,)), "numpy.", "random.shuffle"),
    (
        Rule(gives="rng", shares=True),
        "numpy.",
        """
        random.default_rng random.RandomState random.Generator random.PCG64 random.SeedSequence random.MT19937
        """,
    ),
    (Rule(gives="scalar", draws="numpy"), "numpy.", "random.get_state"),
    (
        Rule(gives="frame", file_in=0, keywords=("filepath_or_buffer", "path", "io", "path_or_buf", "path_or_buffer")),
        "pandas.",
        """
        read_csv read_table read_fwf read_json read_parquet read_feather read_pickle read_excel read_orc read_hdf read_stata
        read_sas read_xml read_html
        """,
    ),
    (Rule(gives="frame", file_in=-1), "pandas.", "read_sql read_sql_query read_sql_table"),
    (Rule(gives="none", process="pandas"), "pandas.", "set_option reset_option options.display"),
    (Rule(gives="context", shares=False), "pandas.", "option_context"),
    (Rule(gives="frame", shares=True), "pandas.", "DataFrame Series Index MultiIndex Categorical DatetimeIndex"),
    (
        Rule(gives="frame", shares=False),
        "pandas.",
        """
        concat merge get_dummies cut qcut crosstab pivot_table melt to_datetime to_numeric to_timedelta date_range period_range
        timedelta_range isna isnull notna notnull factorize value_counts pivot wide_to_long merge_asof json_normalize interval_range
        """,
    ),
    (Rule(gives="scalar", shares=False), "pandas.", "Timestamp Timedelta NaT NA Period"),
    (Rule(gives="none", process="sklearn"), "sklearn.", "set_config"),
    (Rule(gives="frame", shares=False), "sklearn.", "preprocessing.scale preprocessing.normalize preprocessing.label_binarize"),
    (Rule(gives="none", seeds="python"), "random.", "seed setstate"),
    (Rule(gives="none", draws="python", changes=(0,)), "random.", "shuffle"),
    (Rule(gives="rng"), "random.", "Random SystemRandom"),
    (
        Rule(gives="scalar", draws="python"),
        "random.",
        """
        random randint randrange uniform gauss normalvariate betavariate expovariate triangular lognormvariate vonmisesvariate
        gammavariate paretovariate weibullvariate getrandbits randbytes getstate
        """,
    ),
    (Rule(draws="python"), "random.", "choice choices sample"),
    (
        Rule(gives="none", seeds="torch"),
        "torch.",
        """
        manual_seed seed set_rng_state random.manual_seed cuda.manual_seed cuda.manual_seed_all
        """,
    ),
    (
        Rule(gives="none", process="torch"),
        "torch.",
        """
        set_default_dtype set_num_threads use_deterministic_algorithms set_grad_enabled set_default_device set_printoptions
        set_float32_matmul_precision set_num_interop_threads
        """,
    ),
    (
        Rule(gives="tensor", draws="torch", shares=False),
        "torch.",
        """
        rand randn randint randperm bernoulli multinomial normal rand_like randn_like empty_like
        """,
    ),
    (Rule(gives="unknown", file_in=0, keywords=("f",)), "torch.", "load jit.load"),
    (Rule(gives="none", file_out=1, keywords=("f",)), "torch.", "save"),
    (Rule(gives="context"), "torch.", "no_grad inference_mode enable_grad autocast"),
    (Rule(gives="tensor", shares=True), "torch.", "from_numpy as_tensor nn.Parameter nn.parameter.Parameter"),
    (
        Rule(gives="tensor", shares=False),
        "torch.",
        "tensor zeros ones full arange linspace eye cat stack where zeros_like ones_like full_like",
    ),
    (Rule(gives="scalar", shares=False), "torch.", "device float32 float64 int64 long cuda.is_available"),
    (
        Rule(process="matplotlib"),
        "matplotlib.",
        """
        use rc rcdefaults rc_file style.use pyplot.rc pyplot.rcdefaults pyplot.style.use pyplot.switch_backend pyplot.set_cmap
        pyplot.xkcd pyplot.rcParams.update rcParams.update pyplot.ion pyplot.ioff pyplot.viridis
        colormaps.register pyplot.colormaps.register pyplot.register_cmap cm.register_cmap
        """,
    ),
    (
        Rule(gives="figure", shares=False),
        "matplotlib.",
        """
        pyplot.figure pyplot.subplots pyplot.subplot pyplot.gcf pyplot.gca pyplot.axes pyplot.subplot_mosaic
        """,
    ),
    (Rule(gives="none", file_out=0, keywords=("fname",)), "matplotlib.", "pyplot.savefig pyplot.imsave"),
    (Rule(gives="array", file_in=0), "matplotlib.", "pyplot.imread image.imread"),
    (
        Rule(process="matplotlib", gives="none"),
        "seaborn.",
        """
        set set_theme set_style set_context set_palette reset_defaults reset_orig set_color_codes
        """,
    ),
    (Rule(gives="frame", shares=False), "seaborn.", "load_dataset"),
    (Rule(gives="none", process="warnings"), "", "warnings.filterwarnings warnings.simplefilter warnings.resetwarnings"),
    (
        Rule(gives="none", process="logging"),
        "",
        """
        logging.basicConfig logging.disable logging.config.dictConfig logging.config.fileConfig logging.addLevelName
        logging.captureWarnings logging.root.setLevel logging.shutdown
        """,
    ),
    (Rule(gives="logger", shares=False), "", "logging.getLogger logging.root"),
    (
        Rule(gives="logger"),
        "",
        """
        logging.StreamHandler logging.FileHandler logging.NullHandler logging.handlers.RotatingFileHandler
        logging.handlers.TimedRotatingFileHandler logging.handlers.WatchedFileHandler logging.handlers.MemoryHandler
        """,
    ),
    (
        Rule(gives="none", logs=True),
        "",
        """
        logging.debug logging.info logging.warning logging.warn logging.error logging.exception logging.critical logging.fatal
        logging.log
        """,
    ),
    (Rule(gives="field"), "", "dataclasses.field attr.ib attrs.field attr.field pydantic.Field"),
    (Rule(process="locale"), "", "locale.setlocale"),
    (Rule(process="decimal"), "", "decimal.setcontext"),
    (Rule(process="signals"), "", "signal.signal signal.siginterrupt"),
    (Rule(process="umask"), "", "os.umask"),
    (Rule(process="csv"), "", "csv.register_dialect csv.unregister_dialect csv.field_size_limit"),
    (Rule(process="socket"), "", "socket.setdefaulttimeout"),
    (Rule(process="multiprocessing"), "", "multiprocessing.set_start_method"),
    (Rule(process="limits"), "", "resource.setrlimit"),
    (Rule(process="timezone", reads_process="environ"), "", "time.tzset"),
    (
        Rule(process="interpreter"),
        "",
        """
        sys.setrecursionlimit sys.setswitchinterval sys.set_int_max_str_digits gc.disable gc.enable gc.set_threshold
        """,
    ),
    (Rule(gives="shell", shares=False), "", "IPython.get_ipython IPython.core.getipython.get_ipython"),
    (
        Rule(process="shell", gives="partial"),
        "IPython.core.magic.",
        """
        register_line_magic register_cell_magic register_line_cell_magic
        """,
    ),
    (Rule(gives="patcher"), "unittest.mock.", "patch patch.object patch.dict patch.multiple"),
    (Rule(stays="a variable that only its own child processes see"), "", "os.putenv os.unsetenv"),
    (Rule(gives="decimal-context", shares=False), "", "decimal.getcontext"),
    (Rule(gives="none", process="cwd"), "", "os.chdir"),
    (
        Rule(gives="none", process="environ"),
        "",
        """
        dotenv.load_dotenv os.environ.update os.environ.setdefault os.environ.pop os.environ.clear
        """,
    ),
    (
        Rule(gives="none", process="syspath"),
        "",
        """
        sys.path.append sys.path.insert sys.path.remove sys.path.extend sys.path.pop site.addsitedir
        """,
    ),
    (
        Rule(gives="scalar", hidden=True),
        "",
        """
        sys.settrace sys.setprofile threading.settrace threading.setprofile signal.alarm signal.setitimer
        logging.setLoggerClass logging.setLogRecordFactory
        """,
    ),
    (
        Rule(hidden=True, again=True, gives="partial"),
        "pandas.api.extensions.",
        """
        register_dataframe_accessor register_series_accessor register_index_accessor register_extension_dtype
        """,
    ),
    (
        Rule(gives="none", hidden=True, again=True),
        "",
        """
        locale.textdomain locale.bindtextdomain codecs.register codecs.register_error copyreg.pickle mimetypes.add_type mimetypes.init
        sqlite3.register_adapter sqlite3.register_converter faulthandler.enable faulthandler.disable sys.addaudithook
        threading.stack_size urllib.request.install_opener asyncio.set_event_loop_policy
        pandas.plotting.register_matplotlib_converters pandas.plotting.deregister_matplotlib_converters
        matplotlib.font_manager.fontManager.addfont matplotlib.projections.register_projection matplotlib.scale.register_scale
        matplotlib_inline.backend_inline.set_matplotlib_formats IPython.display.set_matplotlib_formats
        IPython.display.set_matplotlib_close IPython.core.display.set_matplotlib_formats
        tqdm.tqdm.pandas tqdm.auto.tqdm.pandas tqdm.notebook.tqdm.pandas tqdm.std.tqdm.pandas tqdm.tqdm_notebook.pandas
        yaml.add_representer yaml.add_constructor yaml.add_implicit_resolver sympy.init_printing xgboost.set_config
        lightgbm.register_logger polars.enable_string_cache polars.disable_string_cache dask.config.set pyarrow.set_cpu_count
        cv2.setNumThreads bokeh.io.output_notebook bokeh.plotting.output_notebook bokeh.io.output_file bokeh.plotting.output_file
        nest_asyncio.apply jax.config.update numba.set_num_threads pandarallel.pandarallel.initialize rich.pretty.install
        rich.traceback.install structlog.configure holoviews.extension panel.extension hvplot.extension shap.initjs
        torch.multiprocessing.set_sharing_strategy
        """,
    ),
    (
        Rule(gives="str", shares=False, reads_process="environ"),
        "",
        """
        os.getenv os.environ.get os.environ.copy os.environ.items os.environ.keys
        """,
    ),
    (Rule(gives="str", shares=False, reads_process="cwd"), "", "os.getcwd pathlib.Path.cwd"),
    (
        Rule(gives="list", shares=False, file_in=0),
        "",
        """
        os.listdir os.scandir glob.glob glob.iglob os.walk os.stat os.path.exists os.path.isfile os.path.isdir os.path.getsize
        os.path.getmtime os.access
        """,
    ),
    (Rule(gives="none", file_out=0), "", "os.remove os.unlink os.mkdir os.makedirs os.rmdir shutil.rmtree os.truncate os.utime os.chmod"),
    (
        Rule(gives="none", file_in=0, file_out=1),
        "",
        """
        shutil.copy shutil.copyfile shutil.copy2 shutil.copytree shutil.move os.rename os.replace os.link os.symlink
        shutil.make_archive shutil.unpack_archive
        """,
    ),
    (Rule(gives="file", file_in=0, file_out=0), "", "sqlite3.connect duckdb.connect shelve.open dbm.open"),
    (Rule(gives="connection", file_in=0, file_out=0), "", "sqlite3.connect duckdb.connect"),
    (Rule(gives="none", file_out=1, keywords=("filename",)), "", "joblib.dump"),
    (Rule(gives="unknown", file_in=0, keywords=("filename",)), "", "joblib.load"),
    (Rule(gives="none", changes=(1,)), "", "json.dump pickle.dump yaml.dump yaml.safe_dump cloudpickle.dump marshal.dump"),
    (Rule(gives="unknown"), "", "csv.writer csv.DictWriter"),
    (Rule(gives="unknown", changes=(0,)), "", "json.load pickle.load csv.reader csv.DictReader cloudpickle.load"),
    (
        Rule(gives="unknown", shares=False),
        "",
        """
        pickle.loads json.loads yaml.safe_load yaml.load copy.deepcopy ast.literal_eval tomllib.loads
        """,
    ),
    (
        Rule(gives="str", shares=False),
        "",
        """
        json.dumps os.path.join os.path.basename os.path.dirname os.path.abspath os.path.expanduser time.strftime textwrap.dedent
        uuid.uuid4 platform.platform pprint.pformat
        """,
    ),
    (Rule(gives="bytes", shares=False), "", "pickle.dumps"),
    (
        Rule(gives="scalar", shares=False),
        "",
        """
        time.time time.perf_counter time.monotonic time.process_time time.sleep math.sqrt datetime.datetime.now datetime.date.today
        datetime.datetime datetime.date datetime.timedelta datetime.datetime.strptime fractions.Fraction decimal.Decimal gc.collect
        """,
    ),
    (
        Rule(gives="unknown", file_in=-1, file_out=-1, reads_process="environ"),
        "",
        """
        subprocess.run subprocess.check_output subprocess.call subprocess.check_call subprocess.getoutput subprocess.getstatusoutput
        os.system os.popen
        """,
    ),
    (Rule(gives="process", file_in=-1, file_out=-1, reads_process="environ"), "", "subprocess.Popen multiprocessing.Process"),
    (
        Rule(gives="lock"),
        "",
        """
        threading.Lock threading.RLock threading.Event threading.Condition threading.Semaphore threading.BoundedSemaphore
        threading.Barrier threading.local queue.Queue queue.SimpleQueue asyncio.Lock asyncio.Event
        """,
    ),
    (Rule(gives="thread"), "", "threading.Thread threading.Timer"),
    (Rule(gives="task"), "", "asyncio.create_task asyncio.ensure_future"),
    (Rule(gives="pool"), "", "multiprocessing.Pool concurrent.futures.ThreadPoolExecutor concurrent.futures.ProcessPoolExecutor"),
    (Rule(gives="socket"), "", "socket.socket socket.create_connection ssl.create_default_context"),
    (
        Rule(gives="file", file_in=0, file_out=0),
        "",
        """
        gzip.open bz2.open lzma.open io.open codecs.open zipfile.ZipFile tarfile.open tempfile.TemporaryFile
        tempfile.NamedTemporaryFile h5py.File
        """,
    ),
    (
        Rule(gives="none", iterates=True, changes=(0,)),
        "",
        """
        heapq.heapify heapq.heappush heapq.heappop heapq.heapreplace heapq.heappushpop bisect.insort bisect.insort_left
        bisect.insort_right operator.setitem operator.delitem operator.iadd operator.iconcat operator.imul
        """,
    ),
    (
        Rule(gives="iterator"),
        "",
        """
        itertools.count itertools.cycle itertools.chain itertools.islice itertools.product itertools.accumulate
        itertools.combinations itertools.permutations itertools.groupby itertools.zip_longest itertools.repeat itertools.starmap
        itertools.takewhile itertools.dropwhile itertools.tee itertools.pairwise itertools.compress itertools.chain.from_iterable
        """,
    ),
    (Rule(gives="list"), "", "collections.deque collections.UserList"),
    (Rule(gives="dict"), "", "collections.OrderedDict collections.Counter collections.UserDict"),
    (Rule(gives="chain"), "", "collections.ChainMap"),
    (Rule(gives="defaultdict"), "", "collections.defaultdict"),
    (
        Rule(gives="partial"),
        "",
        """
        functools.partial functools.partialmethod functools.lru_cache functools.cache functools.wraps functools.cached_property
        functools.singledispatch functools.total_ordering functools.update_wrapper
        """,
    ),
    (Rule(gives="temporary", shares=False), "", "tempfile.TemporaryDirectory"),
    (Rule(gives="path", shares=False), "", "pathlib.Path pathlib.PurePath pathlib.PosixPath"),
    (Rule(gives="context"), "", "contextlib.nullcontext contextlib.closing"),
    (Rule(gives="context", changes=(0,)), "", "contextlib.redirect_stdout contextlib.redirect_stderr"),
    (Rule(gives="suppress"), "", "contextlib.suppress contextlib.ExitStack"),
    (Rule(gives="buffer"), "", "io.StringIO io.BytesIO"),
    (Rule(gives="array", changes=(0,)), "", "numpy.nditer"),
    (Rule(gives="estimator", shares=False), "", "sklearn.base.clone"),
    (Rule(gives="scorer"), "", "sklearn.metrics.make_scorer sklearn.metrics.get_scorer"),
    (Rule(gives="handle", shares=False), "", "IPython.display.display"),
    (Rule(gives="module", file_in=-1), "", "importlib.reload"),
    (Rule(gives="module"), "", "importlib.import_module"),
    (Rule(gives="pattern", shares=False), "", "re.compile"),
    (
        Rule(gives="frame", draws="numpy?", shares=False),
        "",
        """
        sklearn.model_selection.train_test_split sklearn.utils.shuffle sklearn.utils.resample sklearn.datasets.make_classification
        sklearn.datasets.make_regression sklearn.datasets.make_blobs sklearn.datasets.make_moons sklearn.datasets.make_circles
        sklearn.model_selection.permutation_test_score sklearn.inspection.permutation_importance
        """,
    ),
)
"""Rules with a common prefix and the names below it."""

RULES = {prefix + name: one for one, prefix, names in TABLE for name in names.split()}
"""Rules by exact dotted name."""


IMPORTED_FOR_EFFECT = frozenset(
    """
    cufflinks hvplot.pandas hvplot.polars hvplot.dask hvplot.xarray itables janitor sklearn.experimental scienceplots swifter
    mpl_toolkits.mplot3d pint_pandas geoviews kaleido pandas_profiling sklearnex tensorflow_text unsloth
    """.split()
)
"""Modules that one imports for what they do to others."""

AGAIN = (
    "altair.data_transformers.",
    "altair.renderers.",
    "altair.theme",
    "datasets.disable_",
    "datasets.enable_",
    "datasets.logging.set_",
    "keras.config.set_",
    "keras.mixed_precision.set_",
    "mlflow.set_",
    "mlflow.autolog",
    "optuna.logging.",
    "tensorflow.config.",
    "transformers.logging.set_",
    "transformers.utils.logging.",
)
"""How configuring functions of well-known libraries begin; running them again does no harm."""


_CONFIGURES = re.compile(r"(?:set|enable|disable|configure|config|init|initialize|register|use|start|login|autolog)(?:_|$)")


def configures(path: str) -> bool:
    """Whether the name of a function that we know nothing of says that it changes how its library works from now on."""
    return rule(path) is None and bool(_CONFIGURES.match(path.rpartition(".")[2]))


def rule(path: str) -> Rule | None:
    """What calling `path` does; None when nothing is known of it."""
    exact = RULES.get(path)
    if exact is not None:
        return exact
    if path.startswith(AGAIN) or (path.startswith("mlflow.") and path.endswith(".autolog")):
        return Rule(hidden=True, again=True)
    if path.startswith("polars.Config."):
        return Rule(process="polars")
    root, _, rest = path.partition(".")
    if root not in KNOWN_ROOTS or root in OPAQUE:
        return None
    last = path.rpartition(".")[2]
    if root == "numpy":
        return Rule(gives="array", draws="numpy") if rest.startswith("random.") else Rule(gives="array")
    if root == "scipy":
        return Rule(gives="array", draws="numpy") if last == "rvs" else Rule(gives="unknown")
    if root == "sklearn":
        return _sklearn(path, last)
    if root == "seaborn" or path.startswith("matplotlib.pyplot."):
        return Rule(gives="figure", shares=False)
    if root == "pandas":
        return Rule(gives="frame")
    if root in {"torch", "torchvision"}:
        return _torch(path, last)
    return PURE


def _sklearn(path: str, last: str) -> Rule:
    if path.startswith("sklearn.datasets."):
        return Rule(gives="bunch", shares=False, draws="numpy?" if last.startswith("make_") else "")
    if path.startswith("sklearn.metrics.") and not last[:1].isupper():
        return Rule(gives="scalar", shares=False)
    if last[:1].isupper():
        return Rule(gives="estimator")
    if path.startswith("sklearn.model_selection."):
        return Rule(gives="array", shares=False, draws="numpy?")
    return Rule(gives="estimator" if last.startswith("make_") else "unknown")


def _torch(path: str, last: str) -> Rule:
    if path.startswith("torch.nn.functional."):
        return Rule(gives="tensor", draws="torch") if "dropout" in last else Rule(gives="tensor", shares=False)
    if path.startswith(("torch.nn.", "torch.optim.")) and last[:1].isupper():
        return Rule(gives="torch-object", draws="torch" if path.startswith("torch.nn.") else "")
    if path.startswith("torch.utils.data."):
        return Rule(gives="loader", draws="torch")
    return Rule(gives="tensor")


RANDOM_FREE = frozenset(
    """
    LinearRegression Ridge StandardScaler MinMaxScaler MaxAbsScaler RobustScaler Normalizer OneHotEncoder OrdinalEncoder
    LabelEncoder LabelBinarizer SimpleImputer KNNImputer PolynomialFeatures ColumnTransformer Pipeline FunctionTransformer
    KNeighborsClassifier KNeighborsRegressor GaussianNB MultinomialNB BernoulliNB ComplementNB CountVectorizer TfidfVectorizer
    TfidfTransformer HashingVectorizer LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis VotingClassifier VotingRegressor
    FeatureUnion NearestNeighbors Binarizer PowerTransformer VarianceThreshold LogisticRegression GridSearchCV KFold GroupKFold
    StratifiedKFold TimeSeriesSplit LeaveOneOut KBinsDiscretizer SelectKBest DBSCAN AgglomerativeClustering IsotonicRegression
    GaussianProcessRegressor NearestCentroid SplineTransformer MultiOutputRegressor TransformedTargetRegressor
    CalibratedClassifierCV BayesianRidge DummyRegressor RidgeCV RidgeClassifier RidgeClassifierCV KernelRidge HuberRegressor
    PoissonRegressor TweedieRegressor QuantileRegressor Lars LassoLars RadiusNeighborsClassifier RadiusNeighborsRegressor
    LocalOutlierFactor CategoricalNB MissingIndicator SelectPercentile PLSRegression
    """.split()
)
"""scikit-learn classes that leave numpy's global generator alone; SVC, Lasso and the like draw from it even where that changes nothing."""

DRAWS_WITH = {
    **dict.fromkeys(("LogisticRegression", "Ridge", "RidgeClassifier"), "solver"),
    **dict.fromkeys(("KFold", "StratifiedKFold"), "shuffle"),
}
"""An argument with which these draw all the same."""
