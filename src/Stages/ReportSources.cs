namespace Pipelines.Stages;

/// <summary>
/// The stages whose results a report shows; null = the experiment has no such stage, or the report shall not show it.
/// </summary>
/// <param name="inputs">The stages that the report reads, by role.</param>
internal sealed class ReportSources(IReadOnlyDictionary<string, Stage> inputs)
{
    /// <summary>The samples.</summary>
    public AnswerQuestions Answers { get; } = (AnswerQuestions)inputs["samples"];

    /// <summary>Forward passes, with the masks they ran on.</summary>
    public ForwardPasses? Forward { get; } = (ForwardPasses?)inputs.GetValueOrDefault("forward");

    /// <summary>The fits.</summary>
    public Regress? Attribution { get; } = (Regress?)inputs.GetValueOrDefault("attribution");

    /// <summary>Faithfulness and completeness.</summary>
    public Validate? Validation { get; } = (Validate?)inputs.GetValueOrDefault("validation");

    /// <summary>Token tracing.</summary>
    public TokenTrace? Tokens { get; } = (TokenTrace?)inputs.GetValueOrDefault("tokens");

    /// <summary>Logit lens.</summary>
    public LogitLens? Lens { get; } = (LogitLens?)inputs.GetValueOrDefault("lens");

    /// <summary>Gradients against the elastic net.</summary>
    public GradientCost? GradientCost { get; } = (GradientCost?)inputs.GetValueOrDefault("gradient_cost");

    /// <summary>Trees on the residual.</summary>
    public NonAdditive? NonAdditive { get; } = (NonAdditive?)inputs.GetValueOrDefault("non_additive");

    /// <summary>Samples in the plane.</summary>
    public BetaLayout? Layout { get; } = (BetaLayout?)inputs.GetValueOrDefault("layout");

    /// <summary>Clustered head vectors.</summary>
    public ClusterHeads? HeadVectors { get; } = (ClusterHeads?)inputs.GetValueOrDefault("head_vectors");

    /// <summary>Other ablation ratios.</summary>
    public AblationRatio? Ratios { get; } = (AblationRatio?)inputs.GetValueOrDefault("ratios");

    /// <summary>Other prompts.</summary>
    public PromptSimilarity? Prompts { get; } = (PromptSimilarity?)inputs.GetValueOrDefault("prompts");

    /// <summary>Styles against objects.</summary>
    public CompareStyles? Styles { get; } = (CompareStyles?)inputs.GetValueOrDefault("styles");

    /// <summary>Whether the masks were enough.</summary>
    public Stability? Stability { get; } = (Stability?)inputs.GetValueOrDefault("stability");

    /// <summary>Those that there are, by role.</summary>
    public IReadOnlyList<Stage> Known { get; } =
    [.. inputs.OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => i.Value)];
}
