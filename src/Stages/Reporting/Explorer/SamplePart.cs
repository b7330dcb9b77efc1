using Pipelines.Stages.Analysis;

namespace Pipelines.Stages.Reporting.Explorer;

/// <summary>What the explorer shows of one sample when it is first looked at.</summary>
/// <param name="Picture">The picture as a data address; null where there is none.</param>
/// <param name="Rows">Rows of the cells over it; 0 = no cells.</param>
/// <param name="Columns">Their columns.</param>
/// <param name="TokenRows">Rows of the image tokens; where they are many a cell is the mean of several.</param>
/// <param name="TokenColumns">Their columns.</param>
/// <param name="Side">Tokens along a side of a cell; the last row and column of cells may have fewer.</param>
/// <param name="Weighted">Weighted attention of the cells, row by row; null where it is not known.</param>
/// <param name="Tokens">beta of the cells; null where image tokens are not attributed.</param>
/// <param name="HeadsShown">Heads whose own attention is here.</param>
/// <param name="HeadAttention">uint8 [heads, cells] in base64; 255 = the head's greatest.</param>
/// <param name="HeadSteps">What one of it stands for, a head.</param>
/// <param name="Text">Text tokens after the picture.</param>
/// <param name="Lens">What heads write towards.</param>
/// <param name="Curves">Faithfulness and completeness by ranking.</param>
internal sealed record SamplePart(
    string? Picture,
    int Rows,
    int Columns,
    int TokenRows,
    int TokenColumns,
    int Side,
    PackedColours? Weighted,
    PackedColours? Tokens,
    IReadOnlyList<int> HeadsShown,
    string HeadAttention,
    IReadOnlyList<double> HeadSteps,
    IReadOnlyList<PartToken> Text,
    IReadOnlyList<PartLens> Lens,
    IReadOnlyList<PartCurve> Curves
);

/// <summary>A text token.</summary>
/// <param name="Text">As text.</param>
/// <param name="Delta">Share of phi(x*) that is lost without it.</param>
/// <param name="Important">It is in u*.</param>
internal sealed record PartToken(string Text, double Delta, bool Important);

/// <summary>What a head writes towards.</summary>
/// <param name="Head">n = layer * H + head.</param>
/// <param name="Words">Items of the vocabulary, the strongest first.</param>
/// <param name="Target">Place of the target token among them; -1 = it is none of them.</param>
internal sealed record PartLens(int Head, IReadOnlyList<string> Words, int Target);

/// <summary>The curves of a ranking; a random one is the mean over its orders.</summary>
/// <param name="Criterion">The ranking.</param>
/// <param name="K">Numbers of heads: every one up to 32, then steps of 4 %.</param>
/// <param name="Faithful">phi with only these intact.</param>
/// <param name="Complete">phi with only these ablated.</param>
internal sealed record PartCurve(
    string Criterion,
    IReadOnlyList<int> K,
    IReadOnlyList<double> Faithful,
    IReadOnlyList<double> Complete
)
{
    private const int Decimals = 4; // of what is only drawn

    /// <summary>The curves of a sample.</summary>
    /// <param name="scans">Its scans.</param>
    /// <param name="heads">N.</param>
    public static IReadOnlyList<PartCurve> Of(IEnumerable<OrderScan> scans, int heads)
    {
        var shown = ScanGrid.Places(heads).ToHashSet();
        return
        [
            .. scans
                .GroupBy(s => s.Criterion, StringComparer.Ordinal)
                .OrderBy(g => Criteria.Order(g.Key))
                .Select(orders => Of(orders.Key, [.. orders], shown)),
        ];
    }

    private static PartCurve Of(string criterion, OrderScan[] orders, HashSet<int> shown)
    {
        // Where every order was measured: a mean over some would jump
        var places = orders
            .SelectMany(o => o.Points)
            .Where(p => shown.Contains(p.K))
            .GroupBy(p => p.K)
            .Where(g => g.Count() == orders.Length)
            .OrderBy(g => g.Key)
            .ToList();
        return new PartCurve(
            criterion,
            [.. places.Select(g => g.Key)],
            [.. places.Select(g => Math.Round(g.Average(p => p.Faithfulness), Decimals))],
            [.. places.Select(g => Math.Round(g.Average(p => p.Completeness), Decimals))]
        );
    }
}
