using Pipelines.Domain;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Tests.Attribution;

/// <summary>
/// Part files of a made-up sample: phi is additive in the heads plus one interaction plus noise; parts of the two
/// tables have different borders.
/// </summary>
internal sealed class MadeUpSample : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sample-").FullName;

    public MadeUpSample(int rows, int heads, double noise = 0.02, Func<int, double>? phiOf = null)
    {
        Heads = heads;
        var random = new SplitMix64(11, 1);
        double Uniform() => (random.Next() >> 11) * Math.Pow(2, -53);
        Effects = [.. Enumerable.Range(0, heads).Select(n => n % 5 == 0 ? Uniform() * 4 / heads : 0)];
        Masks = new byte[rows][];
        Phi = new double[rows];
        for (int i = 0; i < rows; i++)
        {
            Masks[i] = Ranking.Intact(random.Permutation(heads), heads - (int)Math.Round(0.75 * heads));
            double additive = Enumerable.Range(0, heads).Where(n => IsIntact(Masks[i], n)).Sum(n => Effects[n]);
            Phi[i] =
                phiOf?.Invoke(i)
                ?? additive + (IsIntact(Masks[i], 1) && IsIntact(Masks[i], 2) ? 0.05 : 0) + (noise * (Uniform() - 0.5));
        }

        MaskParts = Write(
            "masks",
            250,
            (path, first, count) => MaskPart.Write(path, "s", first, Masks[first..(first + count)])
        );
        ForwardParts = Write(
            "forward",
            170,
            (path, first, count) =>
                ForwardPart.Write(
                    path,
                    "s",
                    first,
                    [.. Phi[first..(first + count)].Select(p => p * 5 - 1)],
                    Phi[first..(first + count)]
                )
        );
    }

    public int Heads { get; }

    public double[] Effects { get; }

    public byte[][] Masks { get; }

    public double[] Phi { get; }

    public IReadOnlyList<string> MaskParts { get; }

    public IReadOnlyList<string> ForwardParts { get; }

    public MaskDataset Open() => MaskDataset.Open(MaskParts, ForwardParts, Heads);

    public HeadFit Fit(Trainer trainer, int seed = 7, double trainShare = 0.8) =>
        HeadRegression.Fit(trainer, MaskParts, ForwardParts, Heads, seed, trainShare);

    public static bool IsIntact(byte[] mask, int head) => (mask[head / 8] >> (head % 8) & 1) != 0;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private List<string> Write(string table, int size, Action<string, int, int> write)
    {
        var paths = new List<string>();
        for (int first = 0; first < Masks.Length; first += size)
        {
            string path = Path.Combine(folder, $"{table}-{first:D8}.parquet");
            write(path, first, Math.Min(size, Masks.Length - first));
            paths.Add(path);
        }

        return paths;
    }
}
