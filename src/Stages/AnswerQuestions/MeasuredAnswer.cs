using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Text;
using Pipelines.Spec;
using Pipelines.Stages.Storage;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>
/// Which tokens of an answer are measured, where that is not simply the first of the model's own: the answer is found
/// in the prompt as it is tokenised whole, in the spelling that the model would most probably write; what two answers
/// begin with alike is given to both.
/// </summary>
/// <param name="Model">The model.</param>
/// <param name="Picture">The picture.</param>
/// <param name="Question">What is asked.</param>
/// <param name="Kind">What is measured.</param>
/// <param name="Answer">The answer; null = the model's own.</param>
/// <param name="CounterAnswer">The one that it is measured against, or null.</param>
/// <param name="MaxTokens">Tokens of the model's own answer at most; null where it is not asked.</param>
/// <param name="End">The token that ends the turn is measured, too; null = it is not.</param>
[UnitKind("answer-questions", 1, "targets", AnyClass = true)]
internal sealed record MeasuredAnswer(
    ModelSource Model,
    PictureSource Picture,
    string Question,
    TargetKind Kind,
    string? Answer,
    string? CounterAnswer,
    int? MaxTokens,
    bool? End
) : IUnit<MeasuredAnswer>
{
    /// <summary>No answer is longer: each token of each spelling is a pass.</summary>
    private const int MostTokens = 512;

    /// <inheritdoc/>
    public static void Compute(MeasuredAnswer unit, UnitRun run)
    {
        MeasuredRow row;
        try
        {
            row = unit.Find();
        }
        catch (InputException e)
        {
            row = unit.Nothing($"the answer {e.What.TrimEnd('.')}");
        }

        run.Write<MeasuredRow>([row]);
    }

    private MeasuredRow Find()
    {
        VisionLanguageModel model = Model.Load();
        if (((string?[])[Answer, CounterAnswer]).FirstOrDefault(a => IsLong(model, a)) is { } endless)
        {
            return Nothing(
                Invariant.Text($"the answer '{Shown.Name(endless[..20])}…' has more than {MostTokens} tokens")
            );
        }

        using PrefixCache cache = Model.Prefix(Picture.Location, Question, []);
        using IntactRun intact = IntactRun.Compute(cache);
        var spellings = new SpellingChoice(model, intact, cache.Prompt);
        IReadOnlyList<int> tokens;
        AnswerSpelling? counter = null;
        if (Answer is null)
        {
            IReadOnlyList<int> said = intact.Generate(MaxTokens!.Value, model.EndTokens);
            tokens = [.. said.TakeWhile(t => !model.EndTokens.Contains(t))];
            if (End is true && tokens.Count == said.Count)
            {
                return Nothing($"the answer was cut after {said.Count} tokens, so that no token ends it");
            }

            counter = CounterAnswer is null ? null : spellings.Of(CounterAnswer);
        }
        else if (spellings.Of(Answer, CounterAnswer) is { } pair)
        {
            (tokens, counter) = (pair.Answer.Tokens, pair.Counter);
        }
        else
        {
            return Nothing($"no token begins where '{Shown.Name(Answer)}' begins: one spans the end of the prompt");
        }

        if (CounterAnswer is not null && counter is null)
        {
            return Nothing(
                $"no token begins where '{Shown.Name(CounterAnswer)}' begins: one spans the end of the prompt"
            );
        }

        int most = Math.Max(tokens.Count, counter?.Tokens.Count ?? 0);
        return AnswersToQuestions.TooLong(cache.Prompt, most, model.Info.Decoder) is { } tooLong ? Nothing(tooLong)
            : tokens.Count == 0 ? Nothing("the answer has no token")
            : counter is not null ? Difference(model, intact, tokens, counter.Tokens)
            : Kind == TargetKind.Sequence ? Whole(model, intact, tokens)
            : One(model, intact, tokens);
    }

    private static bool IsLong(VisionLanguageModel model, string? answer) =>
        answer is not null && answer.Length > MostTokens && model.Tokenizer.Encode(answer).Count > MostTokens;

    /// <summary>One token: the first that carries a letter or digit.</summary>
    private MeasuredRow One(VisionLanguageModel model, IntactRun intact, IReadOnlyList<int> tokens)
    {
        AnswerTarget target = model.TargetOf(tokens);
        return target.Problem is { } problem
            ? Nothing(problem)
            : Row(model, intact, tokens, target.Position) with
            {
                IsPiece = target.IsPiece,
            };
    }

    /// <summary>Two tokens: the first in which the answers differ.</summary>
    private MeasuredRow Difference(
        VisionLanguageModel model,
        IntactRun intact,
        IReadOnlyList<int> tokens,
        IReadOnlyList<int> counter
    )
    {
        int alike = tokens.Zip(counter).TakeWhile(t => t.First == t.Second).Count();
        if (alike == tokens.Count || alike == counter.Count)
        {
            string one = Shown.Name(model.TextOf(tokens).Trim()),
                other = Shown.Name(model.TextOf(counter).Trim());
            return Nothing(
                one == other
                    ? $"the answer '{one}' is the counter-answer"
                    : $"of '{one}' and '{other}' one is the beginning of the other, so that no token tells them apart"
            );
        }

        return Row(model, intact, tokens, alike) with
        {
            IsPiece = alike < tokens.Count - 1,
            AgainstToken = counter[alike],
            Against = model.Tokenizer.TokenText(counter[alike]),
            AgainstProbability = Math.Exp(intact.LogProbabilities(counter)[alike]),
        };
    }

    /// <summary>All tokens of the answer.</summary>
    private MeasuredRow Whole(VisionLanguageModel model, IntactRun intact, IReadOnlyList<int> answer)
    {
        IReadOnlyList<int> tokens = End is true ? [.. answer, model.EndOfTurn] : answer;
        return Row(model, intact, tokens, 0) with { Sequence = TokenIds.Text(tokens) };
    }

    private MeasuredRow Row(VisionLanguageModel model, IntactRun intact, IReadOnlyList<int> tokens, int position)
    {
        int[] given = [.. tokens.Take(position)];
        IReadOnlyList<double> each = intact.LogProbabilities(tokens);
        return Nothing(null) with
        {
            Tokens = TokenIds.Text(tokens),
            Text = model.TextOf(tokens),
            GivenTokens = TokenIds.Text(given),
            Given = model.TextOf(given),
            TargetToken = tokens[position],
            Target = model.Tokenizer.TokenText(tokens[position]),
            Probability = Math.Exp(each[position]),
            LogProbability = each.Sum(),
            MeanLogProbability = each.Average(),
        };
    }

    private MeasuredRow Nothing(string? reason) =>
        new(
            Picture.SampleId,
            Spelling.Of(Kind),
            "",
            "",
            "",
            "",
            AnswerRow.NoToken,
            "",
            IsPiece: false,
            "",
            AgainstToken: null,
            Against: null,
            Probability: null,
            AgainstProbability: null,
            LogProbability: null,
            MeanLogProbability: null,
            reason
        );
}

/// <summary>What of an answer is measured, or the reason why nothing is.</summary>
/// <param name="SampleId">The sample.</param>
/// <param name="Kind">What f is: <c>logit</c>, <c>logit-difference</c>, <c>log-probability</c>, <c>probability</c> or
/// <c>sequence</c>.</param>
/// <param name="Tokens">Ids of the answer's tokens, in the spelling that is measured, with blanks between.</param>
/// <param name="Text">The same as text.</param>
/// <param name="GivenTokens">Ids of those before the target, which are given to the model.</param>
/// <param name="Given">Their text.</param>
/// <param name="TargetToken">The token that is measured; of a sequence the first.</param>
/// <param name="Target">Its text.</param>
/// <param name="IsPiece">The word goes on in the next token.</param>
/// <param name="Sequence">Ids of all tokens that are measured, where that is more than the target; else empty.</param>
/// <param name="AgainstToken">The counter-answer's token, or null.</param>
/// <param name="Against">Its text.</param>
/// <param name="Probability">Of the target in the intact run, of the whole mass of the vocabulary.</param>
/// <param name="AgainstProbability">Of the counter-answer's token at the same position.</param>
/// <param name="LogProbability">Of all tokens of the answer in the intact run: their sum, which favours short
/// answers.</param>
/// <param name="MeanLogProbability">The same a token.</param>
/// <param name="Reason">Why nothing is measured, or null.</param>
[Table("measured")]
internal sealed record MeasuredRow(
    [RowKey] string SampleId,
    string Kind,
    string Tokens,
    string Text,
    string GivenTokens,
    string Given,
    int TargetToken,
    string Target,
    bool IsPiece,
    string Sequence,
    int? AgainstToken,
    string? Against,
    double? Probability,
    double? AgainstProbability,
    [Unit("nats")] double? LogProbability,
    [Unit("nats")] double? MeanLogProbability,
    string? Reason
);
