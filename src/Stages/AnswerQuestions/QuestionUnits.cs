using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>What the model answers to a block of questions, each about a picture.</summary>
/// <param name="Model">The model.</param>
/// <param name="MaxTokens">Tokens of an answer at most.</param>
/// <param name="Questions">What is asked, one a picture.</param>
/// <param name="Pictures">The pictures.</param>
[UnitKind("answer-questions", 1, "questions", AnyClass = true)]
internal sealed record AnswersToQuestions(
    ModelSource Model,
    int MaxTokens,
    AskedTexts Questions,
    PictureSources Pictures
) : IUnit<AnswersToQuestions>
{
    /// <summary>Scores of 32 heads over so many tokens and a picture take 2.5 GB.</summary>
    private const int MostSuffixTokens = 4096;

    /// <inheritdoc/>
    public static void Compute(AnswersToQuestions unit, UnitRun run)
    {
        var rows = new List<SaidRow>();
        foreach ((PictureSource picture, string question) in unit.Pictures.Pictures.Zip(unit.Questions.Texts))
        {
            run.Cancel.ThrowIfCancellationRequested();
            rows.Add(unit.Ask(picture, question));
            run.Advance(1);
        }

        run.Write<SaidRow>(rows);
    }

    /// <summary>Why a question is too long to be asked, or null.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="more">Tokens of an answer behind it.</param>
    /// <param name="decoder">The decoder.</param>
    internal static string? TooLong(PromptTokens prompt, int more, DecoderShape decoder) =>
        prompt.Length + more > decoder.Positions
            ? Invariant.Text(
                $"the prompt with its answer has {prompt.Length + more} tokens, more than the {decoder.Positions} "
                    + $"positions that the model was made for (max_position_embeddings)"
            )
        : prompt.SuffixLength > MostSuffixTokens
            ? Invariant.Text(
                $"the question has {prompt.SuffixLength} tokens, more than {MostSuffixTokens}: attention between them "
                    + $"would not fit into memory"
            )
        : null;

    private SaidRow Ask(PictureSource source, string question)
    {
        VisionLanguageModel model = Model.Load();
        PrefixCache? cache;
        try
        {
            if (model.Tokenizer.SpecialTokenIn(question) is { } special)
            {
                return SaidRow.NotAsked(source, $"the question holds '{special}', which is no text to this model");
            }

            cache = Model.PrefixIfSound(source, question, out string? reason);
            if (cache is null)
            {
                return SaidRow.NotAsked(source, reason!);
            }
        }
        catch (InputException e)
        {
            // It holds what stands for a picture, or is too long
            return SaidRow.NotAsked(source, $"the question {e.What.TrimEnd('.')}");
        }

        using (cache)
        {
            if (TooLong(cache.Prompt, MaxTokens, model.Info.Decoder) is { } tooLong)
            {
                return SaidRow.NotAsked(source, tooLong);
            }

            using IntactRun intact = IntactRun.Compute(cache);
            IReadOnlyList<int> said = intact.Generate(MaxTokens, model.EndTokens);
            AnswerTarget target = model.TargetOf(said);
            bool isFound = target.Problem is null;
            int[] given = [.. said.Take(target.Position)];
            return new SaidRow(
                source.SampleId,
                model.Answer(said),
                TokenIds.Text(said),
                model.EndTokens.Contains(said[^1]),
                TokenIds.Text(given),
                model.TextOf(given),
                isFound ? said[target.Position] : AnswerRow.NoToken,
                isFound ? model.Tokenizer.TokenText(said[target.Position]) : "",
                target.IsPiece,
                target.Problem,
                null
            );
        }
    }
}

/// <summary>What the model said to a question, or the reason why it was not asked.</summary>
/// <param name="SampleId">The question.</param>
/// <param name="Answer">Its words.</param>
/// <param name="Tokens">Ids of all its tokens, the one that ended it last.</param>
/// <param name="Ended">It ended by itself, and was not cut.</param>
/// <param name="GivenTokens">Ids of the tokens before the target.</param>
/// <param name="Given">Their text.</param>
/// <param name="TargetToken">The first that carries a letter or digit.</param>
/// <param name="Target">Its text.</param>
/// <param name="IsPiece">The word goes on in the next token.</param>
/// <param name="Problem">Why no token can be measured, or null.</param>
/// <param name="Reason">Why it was not asked, or null.</param>
[Table("said", IsInternal = true)]
internal sealed record SaidRow(
    [RowKey] string SampleId,
    string Answer,
    string Tokens,
    bool Ended,
    string GivenTokens,
    string Given,
    int TargetToken,
    string Target,
    bool IsPiece,
    string? Problem,
    string? Reason
)
{
    /// <summary>A question that was not asked.</summary>
    public static SaidRow NotAsked(PictureSource picture, string reason) =>
        new(picture.SampleId, "", "", false, "", "", AnswerRow.NoToken, "", false, null, reason);
}
