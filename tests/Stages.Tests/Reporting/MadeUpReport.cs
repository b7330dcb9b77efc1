using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Pipelines.Stages.Analysis;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using static Pipelines.Stages.Tests.Reporting.MadeUpRows;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>
/// A report of made-up numbers that behave like real ones: a few heads carry phi with diminishing returns (so there is
/// redundancy), criteria rank them more or less well, predictions scatter. For tests and for looking at the page;
/// nothing of it reaches a run.
/// </summary>
internal static class MadeUpReport
{
    private static readonly string[] Words =
    [
        "Dog",
        "Cat",
        "Bicycle",
        "Banana",
        "Airplane",
        "Clock",
        "Pizza",
        "Elephant",
        "Boat",
        "Umbrella",
    ];

    public static ReportData Of(
        int layers = 8,
        int heads = 8,
        int samples = 20,
        int masks = 1000,
        string model = "micro-llava",
        string? pictures = null
    )
    {
        var random = new Random(7);
        string[] files = pictures is null ? [] : [.. Directory.EnumerateFiles(pictures).Order(StringComparer.Ordinal)];
        double[] common = Strengths(layers, heads, random);
        double[] attention = [.. common.Select(b => (0.3 * b) + (0.2 * random.NextDouble()))];
        var kept = new List<SampleResult>();
        var validation = new List<ValidationRow>();
        for (int s = 0; s < samples; s++)
        {
            string id = $"{s:D6}";
            double[] strength =
            [
                .. common.Select(b =>
                    Math.Max(
                        -0.02,
                        b * (0.6 + (0.8 * random.NextDouble()))
                            + (random.NextDouble() < 0.05 ? 0.06 * random.NextDouble() : 0)
                    )
                ),
            ];
            var phi = new Phi(strength);
            double[] beta =
            [
                .. strength.Select(v =>
                    v < 0.004 && random.NextDouble() < 0.8 ? 0 : (0.9 * v / strength.Sum()) + (0.004 * Normal(random))
                ),
            ];
            kept.Add(Sample(id, s, files, beta, phi, masks, random));
            Scan(validation, id, "head-attribution", 0, beta, phi);
            Scan(validation, id, "causal", 0, [.. strength.Select(v => v + (0.012 * Normal(random)))], phi);
            Scan(validation, id, "attention", 0, [.. attention.Select(v => v + (0.02 * Normal(random)))], phi);
            for (int seed = 1; seed <= 3; seed++)
            {
                Scan(validation, id, "random", seed, [.. strength.Select(_ => random.NextDouble())], phi);
            }
        }

        ReportData data = new()
        {
            Name = "quickstart",
            Command = "dotnet run --project src/Host experiments/quickstart.yaml",
            Model = new ModelCard(
                model,
                "quickstart/" + model,
                "LLaVA-1.5",
                layers,
                heads,
                heads,
                16,
                144,
                22,
                "cpu, float32 sums, packed kernel, bfloat16 weights"
            ),
            Question = "What is the main object in the image? Please answer with a single word.",
            Masks = masks,
            Settings =
            [
                new("seed", "7", false),
                new("prompt", "default", true),
                new("logit_mean", "rows", true, "left open by the paper: every row of the unembedding"),
                new("model.path", "quickstart/micro-llava", false),
                new("model.device", "auto", true),
                new("model.compute", "auto", true),
                new("data.kind", "coco", false),
                new("data.single_object.min_area", "0.05", false, "left open by the paper"),
                new("data.single_object.others_below", "0.02", false, "left open by the paper"),
                new("stages.answers.keep", "20", false, "paper: 200"),
                new("stages.baseline.images", "100", true, "paper: 100"),
                new("stages.baseline.kind", "mean", true, "paper"),
                new("stages.baseline.rope", "after", true, "left open by the paper"),
                new("stages.masks.count", masks.ToString(CultureInfo.InvariantCulture), false, "paper: 10,000"),
                new("stages.masks.ablate", "0.75", true, "paper: 0.75"),
                new("stages.masks.shard", "250", true),
                new("stages.attribution.trainer", "elastic-net", true, "paper"),
                new("stages.attribution.alpha", "0.0005", true, "paper"),
                new("stages.validation.random_seeds", "3", true, "left open by the paper"),
            ],
            Links =
            [
                new(
                    "tables/samples.parquet",
                    "tables/samples.parquet",
                    "questions, answers, logits; rejected samples with reason"
                ),
                new("tables/samples.csv", "tables/samples.csv"),
                new("tables/attribution.parquet", "tables/attribution.parquet", "β by sample, layer, head"),
                new("tables/fits.parquet", "tables/fits.parquet", "R², ρ, intercept, iterations"),
                new(
                    "tables/validation.parquet",
                    "tables/validation.parquet",
                    "faithfulness and completeness by sample, criterion, seed, k"
                ),
                new("tables/forward/", "tables/forward/", "f and φ of every mask, part files"),
            ],
            Facts =
            [
                new("masks per second", "1 240"),
                new("wall time", "48 s on 2 cores"),
                new("libraries", "TorchSharp 0.107.0, libtorch 2.10.0, ML.NET 5.0.1"),
            ],
        };
        return data.WithSamples(kept)
            .With([
                Rejected("000101", "000000000101.jpg", "Car", "answer is not the category (bus)"),
                Rejected("000102", "000000000102.png", "", "answer is empty"),
                Rejected("000103", "000000000103.jpg", "Sky", "answer is not the category (kite)"),
                Rejected("000104", "000000000104.jpg", "Dog", "f(1) - f(0) = 0.0004 is below min_gap 0.001"),
            ])
            .WithTraces(MadeUpTokens.Trace(kept))
            .WithSettings(MadeUpTokens.Settings)
            .With(MadeUpTokens.Lens(kept, heads, Words))
            .WithSettings(new LogitLensSpec { Heads = 5, Items = 10 })
            .With(validation)
            .With(kept.SelectMany((sample, i) => Costs(sample, layers * heads, masks * 4 / 5, i)))
            .With(kept.Select((sample, i) => Trees(sample, i % 5 == 0 ? 0 : 0.01 * (i % 7), i % 5 == 0 ? 0 : 12 * i)));
    }

    /// <summary>A plain PNG with a disc.</summary>
    public static byte[] Png(int size, byte red, byte green, byte blue)
    {
        var raw = new MemoryStream();
        using (var zlib = new ZLibStream(raw, CompressionLevel.NoCompression, leaveOpen: true))
        {
            for (int y = 0; y < size; y++)
            {
                zlib.WriteByte(0);
                for (int x = 0; x < size; x++)
                {
                    bool disc = Math.Pow((x / (double)size) - 0.5, 2) + Math.Pow((y / (double)size) - 0.5, 2) < 0.08;
                    zlib.Write(disc ? [red, green, blue] : [(byte)(200 - (y / 2)), 210, 220]);
                }
            }
        }

        var file = new MemoryStream();
        file.Write([137, 80, 78, 71, 13, 10, 26, 10]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, size);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), size);
        (header[8], header[9]) = (8, 2);
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "IDAT"u8, raw.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static SampleResult Sample(
        string id,
        int index,
        string[] files,
        double[] beta,
        Phi phi,
        int masks,
        Random random
    )
    {
        var truth = new double[masks / 5];
        var predicted = new double[masks / 5];
        for (int i = 0; i < truth.Length; i++)
        {
            bool[] mask = [.. beta.Select(_ => random.NextDouble() < 0.25)];
            truth[i] = phi.Of(n => mask[n]) + (0.02 * Normal(random));
            predicted[i] = 0.08 + mask.Zip(beta).Sum(p => p.First ? 1.55 * p.Second : 0);
        }

        string word = Words[index % Words.Length];
        byte[] picture =
            files.Length > 0
                ? File.ReadAllBytes(files[index % files.Length])
                : Png(48, (byte)(40 + (20 * (index % 10))), 120, 60);
        var sample = new ReportSample
        {
            SampleId = id,
            File = files.Length > 0 ? Path.GetFileName(files[index % files.Length]) : $"{id}.png",
            Category = word.ToLowerInvariant(),
            Answer = word,
            Target = word[..Math.Min(3, word.Length)],
            Intact = 9 + random.NextDouble(),
            Ablated = 2 * random.NextDouble(),
            Picture = picture,
            Thumbnail = picture,
        };
        return new SampleResult(sample)
        {
            Beta = beta,
            R2 = R2(truth, predicted),
            Rho = Correlation(truth, predicted),
            TestPhi = truth,
            TestPredicted = predicted,
        };
    }

    private static NonAdditiveRow Trees(SampleResult sample, double gained, int trees) =>
        new(sample.SampleId, sample.R2, sample.R2 + gained, sample.R2 + gained - sample.R2, trees, 8);

    /// <summary>
    /// R^2 and correlation that rise with the passes: with masks once there are several a head, with gradients from the
    /// first on.
    /// </summary>
    private static IEnumerable<CostPoint> Costs(SampleResult sample, int heads, int train, int index)
    {
        double best = 0.8 + (0.01 * (index % 9));
        foreach (int m in new[] { 10, 30, 100, 300, 1000, 3000 }.Where(m => m < train).Append(train))
        {
            yield return new CostPoint(
                sample.SampleId,
                "elastic-net",
                m,
                m,
                best - ((double)heads / (heads + (2 * m))),
                m == train ? 1 : 1 - ((double)heads / (heads + (9 * m)))
            );
        }

        foreach (int m in new[] { 3, 10, 30, 100 })
        {
            yield return new CostPoint(
                sample.SampleId,
                "gradient",
                m,
                2 * m,
                best - 0.01 - (1.5 / m),
                0.99 - (0.2 / m)
            );
            yield return new CostPoint(
                sample.SampleId,
                "gradient, plain mean",
                m,
                2 * m,
                best - 0.05 - (1.8 / m),
                0.97 - (0.2 / m)
            );
        }

        yield return new CostPoint(sample.SampleId, "gradient + elastic-net", train, 200 + train, best + 0.001, 0.999);
    }

    /// <summary>Few strong heads in the middle to late layers, some weak, most none.</summary>
    private static double[] Strengths(int layers, int heads, Random random)
    {
        var strength = new double[layers * heads];
        for (int n = 0; n < strength.Length; n++)
        {
            double depth = (double)(n / heads) / layers,
                place = Math.Exp(-Math.Pow((depth - 0.62) / 0.2, 2));
            strength[n] =
                random.NextDouble() < 0.16 * place
                    ? 0.05 + (0.25 * random.NextDouble())
                    : 0.012 * place * random.NextDouble();
        }

        return strength;
    }

    private static void Scan(List<ValidationRow> rows, string id, string criterion, int seed, double[] scores, Phi phi)
    {
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderByDescending(n => scores[n]).ThenBy(n => n)];
        bool[] top = new bool[scores.Length];
        int taken = 0;
        foreach (int k in Places(scores.Length))
        {
            for (; taken < k; taken++)
            {
                top[order[taken]] = true;
            }

            rows.Add(new ValidationRow(id, criterion, seed, k, phi.Of(n => top[n]), phi.Of(n => !top[n])));
        }
    }

    /// <summary>Where a scan measures by default: large models on a grid.</summary>
    private static IEnumerable<int> Places(int heads) =>
        heads > ScanGrid.FullUpTo ? ScanGrid.Places(heads) : Enumerable.Range(0, heads + 1);

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static double R2(double[] truth, double[] predicted)
    {
        double mean = truth.Average();
        return 1
            - (
                truth.Zip(predicted).Sum(p => (p.First - p.Second) * (p.First - p.Second))
                / truth.Sum(t => (t - mean) * (t - mean))
            );
    }

    private static double Correlation(double[] a, double[] b)
    {
        double ma = a.Average(),
            mb = b.Average();
        return a.Zip(b).Sum(p => (p.First - ma) * (p.Second - mb))
            / Math.Sqrt(a.Sum(v => (v - ma) * (v - ma)) * b.Sum(v => (v - mb) * (v - mb)));
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, byte[] data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        byte[] body = [.. type, .. data];
        file.Write(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32(body));
        file.Write(number);
    }

    private static uint Crc32(byte[] data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }

    /// <summary>Diminishing returns: the first intact heads give most.</summary>
    private sealed class Phi(double[] strength)
    {
        private const double Bend = 1.8;
        private readonly double all = strength.Sum();

        public double Of(Func<int, bool> intact)
        {
            double share = 0;
            for (int n = 0; n < strength.Length; n++)
            {
                share += intact(n) ? strength[n] : 0;
            }

            return (1 - Math.Exp(-Bend * share / all)) / (1 - Math.Exp(-Bend));
        }
    }
}
