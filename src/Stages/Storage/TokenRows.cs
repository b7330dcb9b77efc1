namespace Pipelines.Stages.Storage;

/// <summary>A mask of image tokens.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="MaskIndex">i, from 0.</param>
/// <param name="ImageTokens">Bit string of ceil(P/8) bytes: image token n is bit n % 8, least significant first, of
/// byte n / 8; 1 = intact.</param>
[Table("image_masks", InParts = true)]
internal sealed record ImageMaskRow([RowKey] string SampleId, [RowKey] int MaskIndex, byte[] ImageTokens);

/// <summary>A text token after the image (paper, Fig. 4A).</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Position">i, from 0.</param>
/// <param name="TokenId">Id in the vocabulary.</param>
/// <param name="Token">Its text.</param>
/// <param name="Delta">1 - phi(x*, u without i, 1) / phi(x*).</param>
/// <param name="Important">u*_i: delta exceeds the threshold.</param>
[Table("text_tokens")]
public sealed record TextTokenRow(
    [RowKey] string SampleId,
    [RowKey] int Position,
    int TokenId,
    string Token,
    [Unit("phi(x*)")] double Delta,
    bool Important
);

/// <summary>What x* and u* keep of a sample (paper, Table 3).</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="HeadsKept">Heads in x*.</param>
/// <param name="PhiHeads">phi(x*).</param>
/// <param name="TokensKept">Tokens in u*.</param>
/// <param name="PhiTokens">phi(x*, u*, 1).</param>
/// <param name="LogitKept">phi(x*, u*, 1) / phi(x*).</param>
/// <param name="GridRows">Rows of the image tokens' grid over the picture; 0 = none.</param>
/// <param name="GridColumns">Its columns.</param>
/// <param name="Heads">x*, ceil(N/8) bytes, least significant bit first.</param>
[Table("token_traces", File = "trace.parquet")]
public sealed record TokenTraceRow(
    [RowKey] string SampleId,
    [Unit("heads")] int HeadsKept,
    [Unit(UnitAttribute.Phi)] double PhiHeads,
    [Unit("tokens")] int TokensKept,
    [Unit(UnitAttribute.Phi)] double PhiTokens,
    [Unit("phi(x*)")] double LogitKept,
    int GridRows,
    int GridColumns,
    byte[] Heads
);

/// <summary>An image token (paper, Fig. 4B, 4C).</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Token">j, from 0.</param>
/// <param name="Row">Row in the grid over the picture; null where the token is in no grid.</param>
/// <param name="Column">Column in the grid.</param>
/// <param name="WeightedAttention">w_j.</param>
/// <param name="Beta">Effect on phi(x*, u*, v) of leaving the token intact; null where image tokens are not
/// attributed.</param>
[Table("image_tokens")]
public sealed record ImageTokenRow(
    [RowKey] string SampleId,
    [RowKey] int Token,
    int? Row,
    int? Column,
    double WeightedAttention,
    [Unit("phi a token")] double? Beta
);

/// <summary>
/// The attention of a head of x* to the image tokens: sum_i delta_i u*_i a_ij, of which the weighted attention is the
/// sum over x*, weighted by beta.
/// </summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Layer">l, from 0.</param>
/// <param name="Head">h, from 0.</param>
/// <param name="Step">What a byte of <c>attention</c> is to be multiplied by.</param>
/// <param name="Attention">A byte an image token, in their order: 255 = the head's greatest.</param>
[Table("head_attention", InParts = true)]
internal sealed record HeadAttentionRow(
    [RowKey] string SampleId,
    [RowKey] int Layer,
    [RowKey] int Head,
    double Step,
    byte[] Attention
)
{
    /// <summary>The row of a head; attention is not negative where delta is not.</summary>
    public static HeadAttentionRow Of(string sample, int layer, int head, IReadOnlyList<double> attention)
    {
        double step = Math.Max(0, attention.DefaultIfEmpty(0).Max()) / byte.MaxValue;
        byte Steps(double a) => step > 0 ? (byte)Math.Clamp(Math.Round(a / step), 0, byte.MaxValue) : (byte)0;
        return new HeadAttentionRow(sample, layer, head, step, [.. attention.Select(Steps)]);
    }
}

/// <summary>What lies on the object of a sample.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Area">Share of the image tokens that the object's box covers.</param>
/// <param name="BetaOnObject">Share of the positive beta of image tokens that lies on them; null where there is
/// none.</param>
/// <param name="AttentionOnObject">Share of the positive weighted attention likewise.</param>
[Table("object_share")]
public sealed record ObjectShareRow(
    [RowKey] string SampleId,
    double Area,
    double? BetaOnObject,
    double? AttentionOnObject
);

/// <summary>How well a regression over image tokens predicts masks that it has not seen. Null = undefined.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Trainer">Name of the trainer as in the spec.</param>
/// <param name="R2">Coefficient of determination on the test split.</param>
/// <param name="Rho">Pearson correlation of true and predicted phi on the test split.</param>
/// <param name="Intercept">b.</param>
/// <param name="Iterations">Sweeps done.</param>
/// <param name="Converged">The stopping rule was met before the last sweep allowed.</param>
/// <param name="TrainRows">Masks fitted.</param>
/// <param name="TestRows">Masks held out.</param>
/// <param name="RhoAttention">Pearson correlation of beta and weighted attention over the image tokens.</param>
[Table("token_fits", File = "fit.parquet")]
public sealed record TokenFitRow(
    [RowKey] string SampleId,
    string Trainer,
    double? R2,
    double? Rho,
    [Unit(UnitAttribute.Phi)] double? Intercept,
    [Unit("sweeps")] int Iterations,
    bool Converged,
    [Unit("masks")] int TrainRows,
    [Unit("masks")] int TestRows,
    double? RhoAttention
);

/// <summary>A vocabulary item that a head writes towards (paper, Fig. 8).</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="HeadRank">0 = largest beta.</param>
/// <param name="Layer">l.</param>
/// <param name="Head">h.</param>
/// <param name="Beta">beta of the head.</param>
/// <param name="ItemRank">0 = largest logit.</param>
/// <param name="TokenId">Id in the vocabulary.</param>
/// <param name="Token">Its text.</param>
/// <param name="Logit">Logit of the head's contribution alone.</param>
/// <param name="IsTarget">The item is the sample's target token.</param>
[Table("logit_lens")]
public sealed record LensRow(
    [RowKey] string SampleId,
    [RowKey] int HeadRank,
    int Layer,
    int Head,
    [Unit("phi a head")] double Beta,
    [RowKey] int ItemRank,
    int TokenId,
    string Token,
    [Unit(UnitAttribute.Logits)] double Logit,
    bool IsTarget
);
