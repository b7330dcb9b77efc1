using Pipelines.Domain.Errors;
using Pipelines.Spec;
using Pipelines.Stages.Data;
using Pipelines.Stages.Units;

namespace Pipelines.Stages;

/// <summary>Pictures that a unit asks about.</summary>
/// <param name="First">Number of the first in seed order.</param>
/// <param name="Items">The pictures.</param>
/// <param name="Unit">The unit.</param>
internal sealed record AnswerBlock(int First, IReadOnlyList<DataItem> Items, Unit Unit);

/// <summary>
/// The units that ask about pictures in seed order: one a picture, because what the model computes of it is kept from
/// its answer to the passes over it. Only where nothing but answers is wanted, and many of them, a unit is a block of
/// pictures: fewer files. Once all were blocks; what is stored is read, whichever way it would be asked about today.
/// </summary>
internal sealed class AnswerBlocks(StageContext context, AnswerQuestionsSpec spec)
{
    /// <summary>Pictures or questions of a block.</summary>
    private const int Size = 8;

    /// <summary>Pictures that may be asked about.</summary>
    public int Candidates => spec.Limit > 0 ? Math.Min(spec.Limit, context.Items.Count) : context.Items.Count;

    /// <summary>Tokens of an answer at most.</summary>
    public int MaxTokens => spec.Answer.MostTokens(context.HasOwnQuestions);

    /// <summary>
    /// The unit that asks about a picture: what is stored comes first, its own before a block that it is in.
    /// </summary>
    /// <param name="artifacts">What is stored.</param>
    /// <param name="picture">Its number in seed order.</param>
    /// <param name="alone">Pictures still needed of which nothing but the answer is wanted.</param>
    public AnswerBlock At(Artifacts artifacts, int picture, int alone)
    {
        AnswerBlock own = Once(artifacts, picture, 1);
        if (artifacts.Has(own.Unit))
        {
            return own;
        }

        int first = picture / Size * Size;
        AnswerBlock whole = Once(artifacts, first, Math.Min(Size, context.Items.Count - first)),
            limited = Once(artifacts, first, Math.Min(Size, Candidates - first)); // as a limit cuts it off
        if (artifacts.Has(whole.Unit))
        {
            return whole;
        }

        bool asksAll = picture == first && alone >= limited.Items.Count && !HasSingles(artifacts, limited);
        return asksAll || artifacts.Has(limited.Unit) ? limited : own;
    }

    private bool HasSingles(Artifacts artifacts, AnswerBlock block) =>
        Enumerable.Range(block.First, block.Items.Count).Any(i => artifacts.Has(Once(artifacts, i, 1).Unit));

    private AnswerBlock Once(Artifacts artifacts, int first, int count) =>
        artifacts.Once(this, nameof(AnswerBlock), (first, count), () => Create(first, count));

    private AnswerBlock Create(int first, int count)
    {
        DataItem[] items = [.. Enumerable.Range(first, count).Select(i => context.Items[i])];
        var pictures = new PictureSources([.. items.Select(context.SourceOf)]);
        string range =
            count == 1
                ? Invariant.Text($" {first:000000}")
                : Invariant.Text($"s {first:000000}-{first + count - 1:000000}");
        Unit unit = context.HasOwnQuestions
            ? Unit.Of(
                $"question{range}",
                new AnswersToQuestions(
                    context.Source,
                    MaxTokens,
                    new AskedTexts([.. items.Select(context.QuestionOf)]),
                    pictures
                ),
                count
            )
            : Unit.Of(
                $"picture{range}",
                new AnswersOfModel(context.Source, context.Question, MaxTokens, pictures),
                count
            );
        return new AnswerBlock(first, items, unit);
    }
}
