"""The elastic net of scikit-learn, as the peer of `Benchmarks elastic-net`.

usage: elastic_net.py FOLDER ROWS COLUMNS ALPHA L1_RATIO
FOLDER has masks.u8 ([ROWS, COLUMNS] bytes of 0 and 1) and y.f64. Each line read from standard input is a round; its
answer is one line of JSON: {"seconds", "cpu", "iterations"} of `fit` with precompute=True (the Gram matrix is part of
what is timed). The first line says versions and threads; coefficients of the last round lie in coefficients.f64 after
the end. Exit code 3: scikit-learn is not installed.
"""
import json
import sys
import time

try:
    import numpy
    import sklearn
    from sklearn.linear_model import ElasticNet
    from threadpoolctl import threadpool_info
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(3)


def main(folder, rows, columns, alpha, l1_ratio):
    masks = numpy.fromfile(f"{folder}/masks.u8", dtype=numpy.uint8).reshape(rows, columns)
    x = numpy.asfortranarray(masks, dtype=numpy.float64)  # the order in which scikit-learn wants it
    y = numpy.fromfile(f"{folder}/y.f64", dtype=numpy.float64)
    blas = [f"{b['internal_api']} {b.get('architecture')}" for b in threadpool_info() if b["user_api"] == "blas"]
    versions = {"sklearn": sklearn.__version__, "numpy": numpy.__version__, "blas": ", ".join(blas) or "unknown"}
    print(json.dumps(versions), flush=True)
    model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, precompute=True)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        model.fit(x, y)
        cpu, seconds = time.process_time() - cpu, time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "cpu": cpu, "iterations": int(model.n_iter_)}), flush=True)
        model.coef_.tofile(f"{folder}/coefficients.f64")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5]))
