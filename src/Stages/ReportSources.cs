namespace Pipelines.Stages;

/// <summary>
/// The stages whose results a report shows; null = the experiment has no such stage, or the report shall not show it.
/// </summary>
/// <param name="Answers">The samples.</param>
public sealed record ReportSources(AnswerQuestions Answers)
{
    /// <summary>Forward passes, with the masks they ran on.</summary>
    public ForwardPasses? Forward { get; init; }

    /// <summary>The fits.</summary>
    public Regress? Attribution { get; init; }

    /// <summary>Faithfulness and completeness.</summary>
    public Validate? Validation { get; init; }

    /// <summary>Token tracing.</summary>
    public TokenTrace? Tokens { get; init; }

    /// <summary>Logit lens.</summary>
    public LogitLens? Lens { get; init; }

    /// <summary>Gradients against the elastic net.</summary>
    public GradientCost? GradientCost { get; init; }

    /// <summary>Trees on the residual.</summary>
    public NonAdditive? NonAdditive { get; init; }

    /// <summary>Samples in the plane.</summary>
    public BetaLayout? Layout { get; init; }

    /// <summary>Clustered head vectors.</summary>
    public ClusterHeads? HeadVectors { get; init; }

    /// <summary>Other ablation ratios.</summary>
    public AblationRatio? Ratios { get; init; }

    /// <summary>Other prompts.</summary>
    public PromptSimilarity? Prompts { get; init; }

    /// <summary>Styles against objects.</summary>
    public CompareStyles? Styles { get; init; }

    /// <summary>Whether the masks were enough.</summary>
    public Stability? Stability { get; init; }

    /// <summary>Those that there are.</summary>
    public IReadOnlyList<Stage> Known =>
        [
            .. new Stage?[]
            {
                Answers,
                Forward,
                Attribution,
                Validation,
                Tokens,
                Lens,
                GradientCost,
                NonAdditive,
                Layout,
                HeadVectors,
                Ratios,
                Prompts,
                Styles,
                Stability,
            }.OfType<Stage>(),
        ];
}
