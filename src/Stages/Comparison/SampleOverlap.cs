using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Comparison;

/// <summary>A sample that both runs kept.</summary>
/// <param name="Id">Its id in both.</param>
/// <param name="A">Its row in A.</param>
/// <param name="B">Its row in B.</param>
public sealed record CommonSample(string Id, SampleRow A, SampleRow B)
{
    /// <summary>Both runs got the same answer.</summary>
    public bool SameAnswer => A.Answer == B.Answer;

    /// <summary>Both runs measure the logit of the same token behind the same text.</summary>
    public bool SameTarget => A.TargetToken == B.TargetToken && A.GivenTokens == B.GivenTokens;
}

/// <summary>Which data two runs have in common.</summary>
/// <param name="Common">Samples that both kept, in the order of A: the same id and the same picture.</param>
/// <param name="OnlyA">Samples that only A kept.</param>
/// <param name="OnlyB">Samples that only B kept.</param>
public sealed record SampleOverlap(IReadOnlyList<CommonSample> Common, int OnlyA, int OnlyB)
{
    /// <summary>Pairs the kept samples.</summary>
    public static SampleOverlap Of(IEnumerable<SampleRow> a, IEnumerable<SampleRow> b)
    {
        SampleRow[] keptA = [.. a.Where(IsKept)],
            keptB = [.. b.Where(IsKept)];
        var ofB = keptB.ToDictionary(s => s.SampleId, StringComparer.Ordinal);
        CommonSample[] common =
        [
            .. keptA
                .Where(s => ofB.TryGetValue(s.SampleId, out SampleRow? other) && other.File == s.File)
                .Select(s => new CommonSample(s.SampleId, s, ofB[s.SampleId])),
        ];
        return new SampleOverlap(common, keptA.Length - common.Length, keptB.Length - common.Length);
    }

    /// <summary>Whether a sample is analysed.</summary>
    public static bool IsKept(SampleRow sample) => sample.Status == SampleRow.Kept;
}
