"""Well-known effects of methods, by the kind of object and the method's name."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_mlflow.dataflow.values import UNKNOWN


@dataclass(frozen=True)
class Method:
    """What a method does to its object and what it gives."""

    changes: bool = False  # changes the object itself
    deep: bool = False  # ... and what lies inside
    keeps: bool = False  # puts its arguments into the object
    holds: bool = False  # keeps a reference to its arguments that it only reads
    gives: str = UNKNOWN
    shares: bool = True  # the result may share memory with the object
    itself: bool = False  # gives the object itself
    element: bool = False  # gives what was put in
    file_in: int | None = None
    file_out: int | None = None
    draws: str = ""
    process: str = ""
    consumes: bool = False  # loops over its arguments


PURE = Method()
UNKNOWN_METHOD = Method(changes=True, deep=True, keeps=True)


def _names(method: Method, names: str) -> dict[str, Method]:
    return dict.fromkeys(names.split(), method)


LIST = {
    **_names(Method(changes=True, keeps=True, gives="none", consumes=True), "append extend insert appendleft extendleft"),
    **_names(Method(changes=True, element=True), "pop popleft"),
    **_names(Method(changes=True, gives="none"), "remove clear sort reverse rotate"),
    **_names(Method(gives="scalar", shares=False), "index count"),
    **_names(Method(gives="list"), "copy"),
}
DICT = {
    **_names(Method(changes=True, keeps=True, gives="none", consumes=True), "update subtract"),
    **_names(Method(changes=True, keeps=True, element=True), "setdefault"),
    **_names(Method(changes=True, element=True), "pop popitem"),
    **_names(Method(changes=True, gives="none"), "clear move_to_end"),
    **_names(Method(element=True), "get"),
    **_names(Method(gives="view", element=True), "keys values elements"),
    **_names(Method(gives="pairs", element=True), "items"),
    **_names(Method(gives="dict"), "copy"),
    **_names(Method(gives="list"), "most_common"),
}
SET = {
    **_names(
        Method(changes=True, keeps=True, gives="none", consumes=True),
        """
        add update intersection_update difference_update symmetric_difference_update
        """,
    ),
    **_names(Method(changes=True, gives="none"), "discard remove clear"),
    **_names(Method(changes=True, element=True), "pop"),
    **_names(Method(gives="set", consumes=True), "union intersection difference symmetric_difference copy"),
    **_names(Method(gives="scalar", shares=False), "issubset issuperset isdisjoint"),
}
FRAME = {
    **_names(Method(changes=True, keeps=True), "insert update __setitem__ setflags"),
    **_names(Method(changes=True), "pop sort_index_inplace"),
    **_names(
        Method(gives="frame", shares=False),
        """
        copy dropna fillna drop drop_duplicates rename reset_index set_index sort_values sort_index astype assign merge join
        groupby_agg agg aggregate describe sum mean std var median min max count quantile corr cov abs round clip head tail nlargest
        nsmallest query filter isin isna isnull notna notnull shift diff cumsum cumprod rank pct_change resample rolling expanding
        ewm apply applymap map transform pipe stack unstack pivot pivot_table melt explode value_counts unique nunique mode replace
        where mask interpolate ffill bfill between duplicated select_dtypes add sub mul div truediv pow mod eq ne lt le gt ge dot
        idxmax idxmin any all reindex align combine_first compare memory_usage sample to_frame squeeze transpose get_group size
        first last nth cumcount ngroup str_cat items iterrows itertuples get dt_year isetitem_copy
        """,
    ),
    **_names(Method(gives="grouped"), "groupby"),
    **_names(Method(gives="array"), "to_numpy"),
    **_names(Method(gives="list", shares=False), "tolist to_list to_dict to_records"),
    **_names(Method(gives="str", shares=False), "to_string to_html to_markdown to_json to_latex"),
    **_names(Method(gives="none", file_out=0), "to_csv to_parquet to_feather to_pickle to_excel to_hdf to_stata to_orc to_xml"),
    **_names(Method(gives="none", file_out=-1), "to_sql"),
    **_names(Method(gives="scalar", shares=False), "item info equals"),
    **_names(Method(gives="figure"), "plot hist boxplot"),
}
FILES_AS_TEXT = frozenset({"to_csv", "to_json", "to_html", "to_string", "to_markdown", "to_latex"})
"""Frame methods that give text when no path is given, and write a file when one is."""
ARRAY = {
    **_names(Method(changes=True, gives="none"), "fill sort partition put itemset resize setflags setfield"),
    **_names(
        Method(gives="array", shares=False),
        """
        copy astype flatten cumsum cumprod round clip repeat take argsort nonzero dot conj choose compress
        """,
    ),
    **_names(Method(gives="array"), "reshape ravel transpose squeeze view swapaxes diagonal"),
    **_names(Method(gives="scalar", shares=False), "sum mean std var min max argmin argmax all any item prod ptp trace"),
    **_names(Method(gives="none", file_out=0), "tofile dump"),
    **_names(Method(gives="list", shares=False), "tolist"),
    **_names(Method(gives="bytes", shares=False), "tobytes"),
}
ESTIMATOR = {
    **_names(Method(changes=True, deep=True, holds=True, itself=True, draws="?"), "fit partial_fit"),
    **_names(
        Method(changes=True, deep=True, holds=True, gives="array", shares=False, draws="?"),
        """
        fit_transform fit_predict fit_resample
        """,
    ),
    **_names(Method(changes=True, deep=True, keeps=True, itself=True), "set_params set_output set_fit_request set_score_request"),
    **_names(
        Method(gives="array", shares=False),
        """
        predict predict_proba predict_log_proba decision_function transform inverse_transform kneighbors apply score_samples
        get_feature_names_out
        """,
    ),
    **_names(Method(gives="scalar", shares=False), "score"),
    **_names(Method(gives="iterator", draws="?"), "split"),
    **_names(Method(gives="none", file_out=0), "save_model"),
    **_names(Method(changes=True, file_in=0, gives="none"), "load_model"),
    **_names(Method(gives="array", draws="?"), "sample"),
}
FIGURE = {
    **_names(Method(gives="none", file_out=0), "savefig"),
    **_names(Method(gives="scalar", shares=False), "get_title get_xlim get_ylim get_xlabel get_ylabel get_size_inches"),
}
PATH = {
    **_names(Method(gives="str", shares=False, file_in=-2), "read_text"),
    **_names(Method(gives="bytes", shares=False, file_in=-2), "read_bytes"),
    **_names(Method(gives="scalar", shares=False, file_in=-2), "exists is_file is_dir stat"),
    **_names(Method(gives="list", shares=False, file_in=-2), "iterdir glob rglob"),
    **_names(Method(gives="scalar", shares=False, file_out=-2), "write_text write_bytes mkdir unlink touch rmdir chmod"),
    **_names(Method(gives="path", shares=False, file_in=-2, file_out=-1), "rename replace symlink_to hardlink_to"),
    **_names(Method(gives="file", shares=False, file_in=-2, file_out=-2), "open"),
    **_names(Method(gives="path", shares=False), "resolve absolute with_suffix with_name joinpath relative_to expanduser with_stem"),
    **_names(Method(gives="str", shares=False), "as_posix as_uri"),
}
FILE = {
    **_names(
        Method(changes=True, gives="scalar", shares=False, consumes=True),
        """
        write writelines read readline readlines seek close flush truncate tell execute commit
        """,
    ),
}
TENSOR_PURE = Method(gives="tensor")
CONTEXT = Method(changes=True)
GENERIC: dict[str, dict[str, Method]] = {
    "list": LIST,
    "tuple": LIST,
    "deque": LIST,
    "dict": DICT,
    "defaultdict": DICT,
    "set": SET,
    "frame": FRAME,
    "array": ARRAY,
    "estimator": ESTIMATOR,
    "figure": FIGURE,
    "path": PATH,
    "temporary": {"cleanup": Method(changes=True, gives="none", file_out=-1)},
    "file": FILE,
    "buffer": FILE,
}
PURE_KINDS = frozenset(
    {
        "none",
        "scalar",
        "str",
        "bytes",
        "pattern",
        "tuple",
        "frame",
        "array",
        "estimator",
        "path",
        "range",
        "view",
        "grouped",
        "bunch",
        "set",
        "dict",
        "list",
    }
)
"""Kinds whose methods are pure unless their table says otherwise."""

GUESSED = frozenset(
    """
    copy head tail describe info mean median std var min max sum count round abs isna isnull notna notnull dropna fillna astype
    value_counts unique nunique groupby sort_values reset_index set_index merge to_numpy tolist to_list to_dict predict predict_proba
    transform score decision_function lower upper strip split join startswith endswith replace format encode decode find lstrip rstrip
    splitlines isdigit title zfill items keys values get index get_params quantile corr nlargest nsmallest isin between rolling query
    reshape ravel flatten argmax argmin item shape dot isoformat strftime total_seconds date time as_posix numpy detach cpu size dim
    hexdigest bit_length group groups
    """.split()
)
"""Names that mean a look, not a change, in every library we know; used where the kind is not known and no class of the notebook
has such a method."""


LOOKS = frozenset(
    """
    __getitem__ __iter__ __len__ __contains__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __repr__ __str__ __format__ __hash__ __bool__
    __reversed__ __add__ __radd__ __sub__ __mul__ __rmul__ __or__ __ror__ __and__ __xor__ __dir__ __sizeof__ __getattribute__
    __length_hint__ __array__ __int__ __float__ __index__ __neg__ __abs__
    """.split()
)
"""Special methods that only look; any other may change its object (`__setitem__`, `__iadd__`, `__init__`, `__next__`)."""


def find(kind: str, name: str) -> Method | None:
    """What the method does; None when nothing is known."""
    table = GENERIC.get(kind)
    if table is not None and name in table:
        return table[name]
    if name[:2] == name[-2:] == "__" and name not in LOOKS:
        return UNKNOWN_METHOD
    if kind == "tensor":
        in_place = name.endswith("_") or name == "backward"
        return (
            Method(changes=True, deep=True, itself=name.endswith("_"), draws="torch" if name in _TORCH_DRAWS else "")
            if in_place
            else TENSOR_PURE
        )
    if kind == "grouped":
        return Method(gives="frame", shares=False)
    if kind in {"frame", "array"}:
        return Method(gives=kind)
    if kind in {"str", "path"}:
        return Method(gives="str" if kind == "str" else "path", shares=False)
    if kind == "figure":
        return Method(changes=True, deep=True, holds=True, gives="figure")
    if kind == "estimator" and name.startswith("fit"):
        return ESTIMATOR["fit"]
    if kind == "rng":
        return Method(changes=True, gives="array", shares=False)
    return PURE if kind in PURE_KINDS else None


_TORCH_DRAWS = frozenset({"random_", "uniform_", "normal_", "bernoulli_", "exponential_", "geometric_", "log_normal_", "cauchy_"})
