namespace Pipelines.Stages.Storage;

/// <summary>A picture that was asked about.</summary>
/// <param name="SampleId">Unique in the experiment.</param>
/// <param name="File">The picture, relative to the data's folder.</param>
/// <param name="Category">What the data says the picture shows; null where it has no labels.</param>
/// <param name="Question">Text of the question.</param>
/// <param name="Answer">The model's answer, decoded and trimmed.</param>
/// <param name="Verdict"><c>right</c>, <c>wrong</c>, or <c>not judged</c> where the data has no labels; null where the
/// picture could not be asked about.</param>
/// <param name="GivenTokens">Ids of the answer's tokens before the target, which are given to the model as it said
/// them; null where there are none.</param>
/// <param name="Given">Their text on one line, line ends and the like as escapes.</param>
/// <param name="TargetToken">The token that is measured: the answer's first that carries a letter or digit; null where
/// there is none or the answer is wrong and does not begin with it.</param>
/// <param name="Target">Its text on one line.</param>
/// <param name="FIntact">f(1): adjusted logit of the target token, all heads intact; null before the forward
/// passes.</param>
/// <param name="FAblated">f(0): the same with all heads ablated.</param>
/// <param name="Status"><see cref="Kept"/> or <see cref="Rejected"/>.</param>
/// <param name="Reason">Why it was rejected.</param>
[Table("samples")]
public sealed record SampleRow(
    [RowKey] string SampleId,
    string File,
    string? Category,
    string Question,
    string Answer,
    string? Verdict,
    string? GivenTokens,
    string? Given,
    int? TargetToken,
    string? Target,
    [Unit(UnitAttribute.Logits)] double? FIntact,
    [Unit(UnitAttribute.Logits)] double? FAblated,
    string Status,
    string? Reason
)
{
    /// <summary>Verdict on an answer that says what the picture shows.</summary>
    public const string Right = "right";

    /// <summary>Verdict on one that does not.</summary>
    public const string Wrong = "wrong";

    /// <summary>Where nothing says what would be right, or nobody asked.</summary>
    public const string NotJudged = "not judged";

    /// <summary>Status of a sample that is analysed.</summary>
    public const string Kept = "kept";

    /// <summary>Status of a sample that is not; <see cref="Reason"/> says why.</summary>
    public const string Rejected = "rejected";
}

/// <summary>A picture drawn for the baseline (mean keys and values).</summary>
/// <param name="Position">Place among the pictures used, from 0; null where it is left out.</param>
/// <param name="File">The picture, relative to the data's folder.</param>
/// <param name="Reason">Why it is left out and the next was taken, or null.</param>
/// <param name="Group">The group that the mean is of; null = all pictures.</param>
[Table("baseline")]
internal sealed record BaselineRow(
    int? Position,
    [RowKey] string File,
    string? Reason = null,
    [RowKey] string? Group = null
);

/// <summary>A head mask.</summary>
/// <param name="SampleId">Whose; with shared masks the name of the scope.</param>
/// <param name="MaskIndex">i, from 0.</param>
/// <param name="Heads">Bit string of ceil(N/8) bytes: head n = layer * H + head is bit n % 8, least significant first,
/// of byte n / 8; 1 = intact.</param>
[Table("masks", InParts = true)]
internal sealed record MaskRow([RowKey] string SampleId, [RowKey] int MaskIndex, byte[] Heads);

/// <summary>A forward pass under a mask.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">Which mask.</param>
/// <param name="F">Adjusted logit of the target token.</param>
/// <param name="Phi">(f - f(0)) / (f(1) - f(0)).</param>
[Table("forward", InParts = true, Also = "image_forward")]
internal sealed record ForwardRow(
    [RowKey] string SampleId,
    [RowKey] int MaskIndex,
    [Unit(UnitAttribute.Logits)] double F,
    [Unit(UnitAttribute.Phi)] double Phi
);

/// <summary>Attribution of a head.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Layer">l.</param>
/// <param name="Head">h.</param>
/// <param name="Beta">Effect on phi of leaving the head intact.</param>
[Table("attribution")]
internal sealed record AttributionRow(
    [RowKey] string SampleId,
    [RowKey] int Layer,
    [RowKey] int Head,
    [Unit("phi a head")] double Beta
);

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
[Table("fits", File = "fit.parquet")]
public sealed record FitRow(
    [RowKey] string SampleId,
    string Trainer,
    double? R2,
    double? Rho,
    [Unit(UnitAttribute.Phi)] double? Mae,
    [Unit(UnitAttribute.Phi)] double? Rmse,
    [Unit(UnitAttribute.Phi)] double? Intercept,
    [Unit("sweeps")] int Iterations,
    double? DualGap,
    bool Converged,
    [Unit("masks")] int TrainRows,
    [Unit("masks")] int TestRows
);

/// <summary>A held-out mask: what the model gives and what the regression says.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">Which mask.</param>
/// <param name="Phi">True.</param>
/// <param name="Predicted">By the regression.</param>
[Table("predictions")]
public sealed record PredictionRow(
    [RowKey] string SampleId,
    [RowKey] int MaskIndex,
    [Unit(UnitAttribute.Phi)] double Phi,
    [Unit(UnitAttribute.Phi)] double Predicted
);

/// <summary>A point of a validation curve (paper, Fig. 3A).</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Criterion">Name of the ranking as in the spec.</param>
/// <param name="Seed">Number of the random order; 0 for the other criteria.</param>
/// <param name="K">Number of most important heads.</param>
/// <param name="Faithfulness">phi with only these intact.</param>
/// <param name="Completeness">phi with only these ablated.</param>
[Table("validation")]
public sealed record ValidationRow(
    [RowKey] string SampleId,
    [RowKey] string Criterion,
    [RowKey] int Seed,
    [RowKey][Unit("heads")] int K,
    [Unit(UnitAttribute.Phi)] double Faithfulness,
    [Unit(UnitAttribute.Phi)] double Completeness
);
