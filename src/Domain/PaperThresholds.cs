namespace Pipelines.Domain;

/// <summary>The paper's thresholds, which specs have by default and reports where no stage says another.</summary>
public static class PaperThresholds
{
    /// <summary>x* is the smallest set of heads with faithfulness above this (§4.2).</summary>
    public const double Faithfulness = 0.8;

    /// <summary>Heads needed for completeness: the smallest set with completeness below this (§4.2).</summary>
    public const double Completeness = 0.2;

    /// <summary>A text token is important where its delta passes this (§5.1).</summary>
    public const double Important = 0.05;
}
