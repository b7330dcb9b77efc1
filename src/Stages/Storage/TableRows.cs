namespace Pipelines.Stages.Storage;

/// <summary>A picture that was asked about.</summary>
/// <param name="SampleId">Unique in the experiment.</param>
/// <param name="File">The picture, relative to the data's folder.</param>
/// <param name="Category">What the data says the picture shows; null where it has no labels.</param>
/// <param name="Question">Text of the question.</param>
/// <param name="Answer">The model's answer, decoded and trimmed.</param>
/// <param name="Verdict"><c>right</c>, <c>wrong</c>, or <c>not judged</c> where the data has no labels; null where the
/// picture could not be asked about.</param>
/// <param name="Status"><see cref="Kept"/> or <see cref="Rejected"/>.</param>
/// <param name="Reason">Why it was rejected.</param>
internal sealed record SampleRow(
    string SampleId,
    string File,
    string? Category,
    string Question,
    string Answer,
    string? Verdict,
    string Status,
    string? Reason
)
{
    /// <summary>
    /// Ids of the answer's tokens before the target, which are given to the model as it said them; null where there are
    /// none.
    /// </summary>
    public string? GivenTokens { get; init; }

    /// <summary>Their text on one line, line ends and the like as escapes.</summary>
    public string? Given { get; init; }

    /// <summary>
    /// The token that is measured: the answer's first that carries a letter or digit; null where there is none or the
    /// answer is wrong and does not begin with it.
    /// </summary>
    public int? TargetToken { get; init; }

    /// <summary>Its text on one line.</summary>
    public string? Target { get; init; }

    /// <summary>f(1): adjusted logit of the target token, all heads intact; null before the forward passes.</summary>
    public double? FIntact { get; init; }

    /// <summary>f(0): the same with all heads ablated.</summary>
    public double? FAblated { get; init; }

    /// <summary>Status of a sample that is analysed.</summary>
    public const string Kept = "kept";

    /// <summary>Status of a sample that is not; <see cref="Reason"/> says why.</summary>
    public const string Rejected = "rejected";
}

/// <summary>A picture drawn for the baseline (mean keys and values).</summary>
/// <param name="Position">Place among the pictures used, from 0; null where it is left out.</param>
/// <param name="File">The picture, relative to the data's folder.</param>
/// <param name="Reason">Why it is left out and the next was taken, or null.</param>
internal sealed record BaselineRow(int? Position, string File, string? Reason = null);

/// <summary>A head mask.</summary>
/// <param name="SampleId">Whose; with shared masks the name of the scope.</param>
/// <param name="MaskIndex">i, from 0.</param>
/// <param name="Heads">ceil(N/8) bytes; head n = l*H + h is bit n%8, least significant first, of byte n/8; 1 =
/// intact.</param>
internal sealed record MaskRow(string SampleId, int MaskIndex, byte[] Heads);

/// <summary>A forward pass under a mask.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">Which mask.</param>
/// <param name="F">Adjusted logit of the target token.</param>
/// <param name="Phi">(f - f(0)) / (f(1) - f(0)).</param>
internal sealed record ForwardRow(string SampleId, int MaskIndex, double F, double Phi);

/// <summary>Attribution of a head.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Layer">l.</param>
/// <param name="Head">h.</param>
/// <param name="Beta">Effect on phi of leaving the head intact.</param>
internal sealed record AttributionRow(string SampleId, int Layer, int Head, double Beta);

/// <summary>
/// How well a regression predicts masks it has not seen (paper, Table 2). Null = undefined (no variance, or not a
/// notion of the trainer).
/// </summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Trainer">Name of the trainer as in the spec.</param>
/// <param name="R2">Coefficient of determination on the test split.</param>
/// <param name="Rho">Pearson correlation of true and predicted phi on the test split.</param>
/// <param name="Mae">Mean absolute error on the test split.</param>
/// <param name="Rmse">Root mean squared error on the test split.</param>
/// <param name="Intercept">b.</param>
/// <param name="Iterations">Sweeps done.</param>
/// <param name="DualGap">Dual gap divided by the train rows, as scikit-learn's <c>dual_gap_</c>.</param>
/// <param name="Converged">The stopping rule was met before the last sweep allowed.</param>
/// <param name="TrainRows">Masks fitted.</param>
/// <param name="TestRows">Masks held out.</param>
internal sealed record FitRow(
    string SampleId,
    string Trainer,
    double? R2,
    double? Rho,
    double? Mae,
    double? Rmse,
    double? Intercept,
    int Iterations,
    double? DualGap,
    bool Converged,
    int TrainRows,
    int TestRows
);

/// <summary>A held-out mask: what the model gives and what the regression says.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">Which mask.</param>
/// <param name="Phi">True.</param>
/// <param name="Predicted">By the regression.</param>
internal sealed record PredictionRow(string SampleId, int MaskIndex, double Phi, double Predicted);

/// <summary>A point of a validation curve (paper, Fig. 3A).</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Criterion">Name of the ranking as in the spec.</param>
/// <param name="Seed">Number of the random order; 0 for the other criteria.</param>
/// <param name="K">Number of most important heads.</param>
/// <param name="Faithfulness">phi with only these intact.</param>
/// <param name="Completeness">phi with only these ablated.</param>
internal sealed record ValidationRow(
    string SampleId,
    string Criterion,
    int Seed,
    int K,
    double Faithfulness,
    double Completeness
);
