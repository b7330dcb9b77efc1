using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Pipelines.Domain;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Benchmarks;

/// <summary><c>elastic-net</c>: a fit by its parts, beside scikit-learn's on the same numbers.</summary>
internal static class ElasticNetBenchmark
{
    private const string Needs =
        "Install it: apt-get install python3-sklearn python3-numpy libopenblas0-pthread (or pip install scikit-learn), "
        + "or leave it out with --no-peer.";

    /// <summary>The verb.</summary>
    public static Command Build()
    {
        Option<int> rows = Verb.Number("--rows", "Masks fitted.", 8000),
            columns = Verb.Number("--columns", "Heads.", 1024);
        var alone = new Option<bool>("--no-peer") { Description = "Without scikit-learn." };
        return Verb.Of(
            "elastic-net",
            "An elastic net on masks by its parts, on one thread, beside scikit-learn (peer/elastic_net.py), Gram "
                + "matrix included; and the whole fit of a stage with its reading and its scores.",
            [rows, columns, alone],
            (parsed, setting) =>
                Run(parsed.GetValue(rows), parsed.GetValue(columns), parsed.GetValue(alone), setting)
        );
    }

    private static Finding Run(int rows, int columns, bool alone, Setting setting)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("pipelines-elastic-net-");
        try
        {
            return Run(new Problem(rows, columns, folder.FullName), alone, setting);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Finding Run(Problem problem, bool alone, Setting setting)
    {
        var settings = new ElasticNetSettings();
        MaskColumns design = MaskColumns.Of(problem.Masks, problem.Columns);
        GramMatrix gram = GramMatrix.Of(design);
        ElasticNetFit fit = ElasticNet.Fit(gram, problem.Y, settings);
        PythonPeer[] peers = alone ? [] : [.. Peers(problem, settings)];
        (string Part, Action Work)[] ours =
        [
            ("masks to columns", () => MaskColumns.Of(problem.Masks, problem.Columns)),
            ("Gram matrix", () => GramMatrix.Of(design)),
            ("X'y", () => design.Sums(problem.Y)),
            ("X'y and descent", () => ElasticNet.Fit(gram, problem.Y, settings)),
            ("fit", () => ElasticNet.Fit(MaskColumns.Of(problem.Masks, problem.Columns), problem.Y, settings)),
            ("unit: read, split, fit, score", problem.FitUnit),
        ];
        Timing[] taken = Timing.Alternated(
            setting.Rounds,
            [
                .. ours.Select(o => (Func<Timing>)(() => Timing.Of(o.Work))),
                .. peers.Select(peer => (Func<Timing>)peer.Round),
            ]
        );
        Row[] parts = [.. ours.Select((o, i) => new Row(o.Part, "ours", taken[i]))];
        Row whole = parts.Single(p => p.What == "fit");
        IEnumerable<Row> theirs = peers
            .Select((peer, i) => new Row("fit", Named(peer), taken[ours.Length + i]).Beside(whole))
            .OrderBy(row => row.CpuMilliseconds);
        Array.ForEach(peers, peer => peer.Dispose());
        string[] apart = alone
            ? []
            : [Invariant($"Largest difference of a coefficient: {problem.Difference(fit):e1}.")];
        return new Finding(
            Invariant($"elastic-net: {problem.Masks.Length} x {problem.Columns}, {fit.Iterations} sweeps"),
            [.. parts, .. theirs],
            [
                "Ours uses one thread, scikit-learn what it takes. Its BLAS may not know this processor (Prescott is "
                    + "its slowest): it runs once as it is and once with the kernels of Skylake or Haswell.",
                .. apart,
            ]
        );
    }

    private static IEnumerable<PythonPeer> Peers(Problem problem, ElasticNetSettings settings)
    {
        string known = System.Runtime.Intrinsics.X86.Avx512F.IsSupported ? "SkylakeX" : "Haswell";
        Dictionary<string, string>[] environments = [[], new() { ["OPENBLAS_CORETYPE"] = known }];
        return environments.Select(environment => new PythonPeer(
            "elastic_net.py",
            Needs,
            environment,
            problem.Folder,
            Invariant($"{problem.Masks.Length}"),
            Invariant($"{problem.Columns}"),
            Invariant($"{settings.Alpha}"),
            Invariant($"{settings.L1Ratio}")
        ));
    }

    private static string Named(PythonPeer peer) =>
        $"scikit-learn {peer.Greeting.GetProperty("sklearn").GetString()}, "
        + $"BLAS {peer.Greeting.GetProperty("blas").GetString()}";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>Masks and an additive phi with noise, in memory and as files.</summary>
    private sealed class Problem
    {
        private const double TrainShare = 0.8;
        private readonly string[] maskParts,
            forwardParts;

        /// <summary>Draws and writes it.</summary>
        /// <param name="rows">Masks fitted.</param>
        /// <param name="columns">Heads.</param>
        /// <param name="folder">Where files go.</param>
        public Problem(int rows, int columns, string folder)
        {
            (Columns, Folder) = (columns, folder);
            Masks = Drawn(0, rows);
            Y = [.. Masks.Select(PhiOf)];
            File.WriteAllBytes(
                Path.Combine(folder, "masks.u8"),
                [.. Masks.SelectMany(m => Enumerable.Range(0, columns).Select(j => (byte)(IsIntact(m, j) ? 1 : 0)))]
            );
            File.WriteAllBytes(Path.Combine(folder, "y.f64"), MemoryMarshal.AsBytes(Y.AsSpan()).ToArray());
            // A stage fits a share of a sample's masks and scores the others
            byte[][] all = [.. Masks, .. Drawn(rows, (int)Math.Round(rows * (1 - TrainShare) / TrainShare))];
            double[] phi = [.. all.Select(PhiOf)];
            maskParts = [Path.Combine(folder, "masks.parquet")];
            forwardParts = [Path.Combine(folder, "forward.parquet")];
            MaskPart.Write(maskParts[0], "s", 0, all);
            ForwardPart.Write(forwardParts[0], "s", 0, phi, phi);
        }

        public int Columns { get; }

        public string Folder { get; }

        public byte[][] Masks { get; }

        public double[] Y { get; }

        /// <summary>What the unit of a stage computes.</summary>
        public void FitUnit() =>
            HeadRegression.Fit(new Trainer.ElasticNet(new()), maskParts, forwardParts, Columns, 7, TrainShare);

        /// <summary>Largest difference from the coefficients that the peer has left.</summary>
        public double Difference(ElasticNetFit fit)
        {
            byte[] theirs = File.ReadAllBytes(Path.Combine(Folder, "coefficients.f64"));
            return fit
                .Coefficients.Zip(MemoryMarshal.Cast<byte, double>(theirs).ToArray(), (a, b) => Math.Abs(a - b))
                .Max();
        }

        private static bool IsIntact(byte[] mask, int head) => HeadMasks.IsIntact(mask, head);

        private byte[][] Drawn(int first, int count) =>
            [
                .. Enumerable
                    .Range(first, count)
                    .Select(i => HeadMasks.Draw(1, "benchmark", i, Columns, 0.75, MaskDraw.Exact)),
            ];

        /// <summary>Every fifth head has an effect; noise as large as some of them.</summary>
        private double PhiOf(byte[] mask)
        {
            double phi = 0.02 * Math.Sin(mask[0] + (31.0 * mask[^1]) + (7.0 * mask[mask.Length / 2]));
            for (int head = 0; head < Columns; head += 5)
            {
                phi += IsIntact(mask, head) ? 4.0 / Columns * (1 + Math.Cos(head)) / 2 : 0;
            }

            return phi;
        }
    }
}
