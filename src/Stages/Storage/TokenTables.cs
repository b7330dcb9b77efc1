namespace Pipelines.Stages.Storage;

/// <summary>The tables of token tracing and of the logit lens.</summary>
internal static class TokenTables
{
    /// <summary>Column of <see cref="ImageMasks"/> that holds the bits.</summary>
    public const string ImageTokenBits = "image_tokens";

    /// <summary>delta of every text token.</summary>
    public static Table<TextTokenRow> TextTokens { get; } =
        new(
            "text_tokens",
            [
                new TextColumn<TextTokenRow>("sample_id", r => r.SampleId),
                new NumberColumn<TextTokenRow, int>("position", r => r.Position),
                new NumberColumn<TextTokenRow, int>("token_id", r => r.TokenId),
                new TextColumn<TextTokenRow>("token", r => r.Token),
                new NumberColumn<TextTokenRow, double>("delta", r => r.Delta),
                new NumberColumn<TextTokenRow, bool>("important", r => r.Important),
            ],
            (v, i) =>
                new TextTokenRow(
                    v.Of<string>(0)[i],
                    v.Of<int>(1)[i],
                    v.Of<int>(2)[i],
                    v.Of<string>(3)[i],
                    v.Of<double>(4)[i],
                    v.Of<bool>(5)[i]
                )
        );

    /// <summary>x* and u*, and how much of the logit they keep (paper, Table 3).</summary>
    public static Table<TokenTraceRow> Traces { get; } =
        new(
            "token_traces",
            [
                new TextColumn<TokenTraceRow>("sample_id", r => r.SampleId),
                new NumberColumn<TokenTraceRow, int>("heads_kept", r => r.HeadsKept),
                new NumberColumn<TokenTraceRow, double>("phi_heads", r => r.PhiHeads),
                new NumberColumn<TokenTraceRow, int>("tokens_kept", r => r.TokensKept),
                new NumberColumn<TokenTraceRow, double>("phi_tokens", r => r.PhiTokens),
                new NumberColumn<TokenTraceRow, double>("logit_kept", r => r.LogitKept),
                new NumberColumn<TokenTraceRow, int>("grid_rows", r => r.GridRows),
                new NumberColumn<TokenTraceRow, int>("grid_columns", r => r.GridColumns),
                new BytesColumn<TokenTraceRow>("heads", r => r.Heads),
            ],
            (v, i) =>
                new TokenTraceRow(
                    v.Of<string>(0)[i],
                    v.Of<int>(1)[i],
                    v.Of<double>(2)[i],
                    v.Of<int>(3)[i],
                    v.Of<double>(4)[i],
                    v.Of<double>(5)[i],
                    v.Of<int>(6)[i],
                    v.Of<int>(7)[i],
                    v.Of<byte[]>(8)[i]
                )
        );

    /// <summary>Weighted attention and beta of every image token.</summary>
    public static Table<ImageTokenRow> ImageTokens { get; } =
        new(
            "image_tokens",
            [
                new TextColumn<ImageTokenRow>("sample_id", r => r.SampleId),
                new NumberColumn<ImageTokenRow, int>("token", r => r.Token),
                new OptionalNumberColumn<ImageTokenRow, int>("row", r => r.Row),
                new OptionalNumberColumn<ImageTokenRow, int>("column", r => r.Column),
                new NumberColumn<ImageTokenRow, double>("weighted_attention", r => r.WeightedAttention),
                new OptionalNumberColumn<ImageTokenRow, double>("beta", r => r.Beta),
            ],
            (v, i) =>
                new ImageTokenRow(
                    v.Of<string>(0)[i],
                    v.Of<int>(1)[i],
                    v.Of<int?>(2)[i],
                    v.Of<int?>(3)[i],
                    v.Of<double>(4)[i],
                    v.Of<double?>(5)[i]
                )
        );

    /// <summary>How much of beta and of weighted attention lies on the object (paper, 5.2).</summary>
    public static Table<ObjectShareRow> ObjectShares { get; } =
        new(
            "object_share",
            [
                new TextColumn<ObjectShareRow>("sample_id", r => r.SampleId),
                new NumberColumn<ObjectShareRow, double>("area", r => r.Area),
                new OptionalNumberColumn<ObjectShareRow, double>("beta_on_object", r => r.BetaOnObject),
                new OptionalNumberColumn<ObjectShareRow, double>("attention_on_object", r => r.AttentionOnObject),
            ],
            (v, i) =>
                new ObjectShareRow(v.Of<string>(0)[i], v.Of<double>(1)[i], v.Of<double?>(2)[i], v.Of<double?>(3)[i])
        );

    /// <summary>Quality of the fits over image tokens.</summary>
    public static Table<TokenFitRow> Fits { get; } =
        new(
            "token_fits",
            [
                new TextColumn<TokenFitRow>("sample_id", r => r.SampleId),
                new TextColumn<TokenFitRow>("trainer", r => r.Trainer),
                new OptionalNumberColumn<TokenFitRow, double>("r2", r => r.R2),
                new OptionalNumberColumn<TokenFitRow, double>("rho", r => r.Rho),
                new OptionalNumberColumn<TokenFitRow, double>("intercept", r => r.Intercept),
                new NumberColumn<TokenFitRow, int>("iterations", r => r.Iterations),
                new NumberColumn<TokenFitRow, bool>("converged", r => r.Converged),
                new NumberColumn<TokenFitRow, int>("train_rows", r => r.TrainRows),
                new NumberColumn<TokenFitRow, int>("test_rows", r => r.TestRows),
                new OptionalNumberColumn<TokenFitRow, double>("rho_attention", r => r.RhoAttention),
            ],
            (v, i) =>
                new TokenFitRow(
                    v.Of<string>(0)[i],
                    v.Of<string>(1)[i],
                    v.Of<double?>(2)[i],
                    v.Of<double?>(3)[i],
                    v.Of<double?>(4)[i],
                    v.Of<int>(5)[i],
                    v.Of<bool>(6)[i],
                    v.Of<int>(7)[i],
                    v.Of<int>(8)[i],
                    v.Of<double?>(9)[i]
                )
        );

    /// <summary>Masks of image tokens.</summary>
    public static Table<MaskRow> ImageMasks { get; } =
        new(
            "image_masks",
            [
                new TextColumn<MaskRow>("sample_id", r => r.SampleId),
                new NumberColumn<MaskRow, int>("mask_index", r => r.MaskIndex),
                new BytesColumn<MaskRow>(ImageTokenBits, r => r.Heads),
            ],
            (v, i) => new MaskRow(v.Of<string>(0)[i], v.Of<int>(1)[i], v.Of<byte[]>(2)[i])
        );

    /// <summary>
    /// Name of the folder of forward passes under <see cref="ImageMasks"/>; its parts are those of
    /// <see cref="Tables.Forward"/>.
    /// </summary>
    public const string ImageForward = "image_forward";

    /// <summary>What the strongest heads say.</summary>
    public static Table<LensRow> Lens { get; } =
        new(
            "logit_lens",
            [
                new TextColumn<LensRow>("sample_id", r => r.SampleId),
                new NumberColumn<LensRow, int>("head_rank", r => r.HeadRank),
                new NumberColumn<LensRow, int>("layer", r => r.Layer),
                new NumberColumn<LensRow, int>("head", r => r.Head),
                new NumberColumn<LensRow, double>("beta", r => r.Beta),
                new NumberColumn<LensRow, int>("item_rank", r => r.ItemRank),
                new NumberColumn<LensRow, int>("token_id", r => r.TokenId),
                new TextColumn<LensRow>("token", r => r.Token),
                new NumberColumn<LensRow, double>("logit", r => r.Logit),
                new NumberColumn<LensRow, bool>("is_target", r => r.IsTarget),
            ],
            (v, i) =>
                new LensRow(
                    v.Of<string>(0)[i],
                    v.Of<int>(1)[i],
                    v.Of<int>(2)[i],
                    v.Of<int>(3)[i],
                    v.Of<double>(4)[i],
                    v.Of<int>(5)[i],
                    v.Of<int>(6)[i],
                    v.Of<string>(7)[i],
                    v.Of<double>(8)[i],
                    v.Of<bool>(9)[i]
                )
        );
}

/// <summary>A text token after the image (paper, Fig. 4A).</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Position">i, from 0.</param>
/// <param name="TokenId">Id in the vocabulary.</param>
/// <param name="Token">Its text.</param>
/// <param name="Delta">1 - phi(x*, u without i, 1) / phi(x*).</param>
/// <param name="Important">u*_i: delta exceeds the threshold.</param>
internal sealed record TextTokenRow(
    string SampleId,
    int Position,
    int TokenId,
    string Token,
    double Delta,
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
internal sealed record TokenTraceRow(
    string SampleId,
    int HeadsKept,
    double PhiHeads,
    int TokensKept,
    double PhiTokens,
    double LogitKept,
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
internal sealed record ImageTokenRow(
    string SampleId,
    int Token,
    int? Row,
    int? Column,
    double WeightedAttention,
    double? Beta
);

/// <summary>What lies on the object of a sample.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Area">Share of the image tokens that the object's box covers.</param>
/// <param name="BetaOnObject">Share of the positive beta of image tokens that lies on them; null where there is
/// none.</param>
/// <param name="AttentionOnObject">Share of the positive weighted attention likewise.</param>
internal sealed record ObjectShareRow(string SampleId, double Area, double? BetaOnObject, double? AttentionOnObject);

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
internal sealed record TokenFitRow(
    string SampleId,
    string Trainer,
    double? R2,
    double? Rho,
    double? Intercept,
    int Iterations,
    bool Converged,
    int TrainRows,
    int TestRows,
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
internal sealed record LensRow(
    string SampleId,
    int HeadRank,
    int Layer,
    int Head,
    double Beta,
    int ItemRank,
    int TokenId,
    string Token,
    double Logit,
    bool IsTarget
);
