using Pipelines.Models.Text;

namespace Pipelines.Stages;

/// <summary>What the model said, whichever unit asked.</summary>
/// <param name="Answer">Its words.</param>
/// <param name="Ended">It ended by itself; null = not known.</param>
/// <param name="Target">The token to measure; null where it is not known, or there is none.</param>
/// <param name="Problem">Why there is none, or null.</param>
/// <param name="Reason">Why nothing was asked, or null.</param>
internal sealed record Said(string Answer, bool? Ended, FirstToken? Target, string? Problem, string? Reason)
{
    /// <summary>An answer to the question that all pictures are asked.</summary>
    public static Said Of(AnswerRow row) =>
        new(
            row.Answer,
            null,
            row.Reason is null && AnswerTarget.IsFirstToken(row.Answer, row.Target)
                ? new FirstToken(row.TargetToken, row.Target, AnswerTarget.IsPieceOf(row.Answer, row.Target), [], "")
                : null,
            null,
            row.Reason
        );

    /// <summary>An answer to a picture's own question.</summary>
    public static Said Of(SaidRow row) =>
        new(
            row.Answer,
            row.Ended,
            row.Reason is null && row.Problem is null
                ? new FirstToken(row.TargetToken, row.Target, row.IsPiece, TokenIds.Read(row.GivenTokens), row.Given)
                : null,
            row.Problem,
            row.Reason
        );
}

/// <summary>The first token of an answer that carries a letter or digit.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Text">Its text.</param>
/// <param name="IsPiece">The word goes on in the next token.</param>
/// <param name="Given">Tokens before it.</param>
/// <param name="GivenText">Their text.</param>
internal sealed record FirstToken(int Token, string Text, bool IsPiece, IReadOnlyList<int> Given, string GivenText);
