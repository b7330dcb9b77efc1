using Pipelines.Domain;

namespace Pipelines.Stages.Tests.Analysis;

/// <summary>Made-up vectors.</summary>
internal static class Made
{
    /// <summary>Vectors with entries uniform in [-1, 1).</summary>
    public static double[][] Rows(int count, int features, int seed)
    {
        var random = new SplitMix64(seed, purpose: 1);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                    Enumerable.Range(0, features).Select(_ => (random.Below(1 << 30) / (double)(1 << 29)) - 1).ToArray()
                ),
        ];
    }
}
