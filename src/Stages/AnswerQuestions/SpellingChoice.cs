using Pipelines.Models.Ablation;
using Pipelines.Models.Families;

namespace Pipelines.Stages;

/// <summary>
/// The spelling of an answer that a model would most probably write behind a prompt, by the probability of all its
/// tokens in the intact run.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="intact">Its run over the prompt.</param>
/// <param name="prompt">The prompt.</param>
internal sealed class SpellingChoice(VisionLanguageModel model, IntactRun intact, PromptTokens prompt)
{
    /// <summary>The most probable spelling; null where there is none.</summary>
    public AnswerSpelling? Of(string answer) => Of(answer, null)?.Answer;

    /// <summary>
    /// An answer and its counter-answer in one way of writing: that of which both together are the most probable. An
    /// answer in capitals is not held against one in small letters.
    /// </summary>
    /// <returns>null where no way begins with a token of its own.</returns>
    public (AnswerSpelling Answer, AnswerSpelling? Counter)? Of(string answer, string? counter)
    {
        IReadOnlyList<AnswerSpelling?> answers = AnswerSpelling.Of(model, prompt, answer);
        IReadOnlyList<AnswerSpelling?> counters = counter is null
            ? [.. answers.Select(_ => (AnswerSpelling?)null)]
            : AnswerSpelling.Of(model, prompt, counter);
        var ways = answers
            .Zip(counters, (a, c) => (Answer: a, Counter: c))
            .Where(way => way.Answer is not null && (counter is null || way.Counter is not null))
            .Select(way => (way.Answer, way.Counter, AtMost: Added(First(way.Answer!), First(way.Counter))))
            .OrderByDescending(way => way.AtMost); // stable: of equals the first way
        (AnswerSpelling, AnswerSpelling?)? best = null;
        double most = double.NegativeInfinity;
        foreach (var (spelt, other, atMost) in ways)
        {
            // A whole answer is no more probable than its first token: the rest cannot win
            if (atMost <= most)
            {
                break;
            }

            double logProbability = Added(Whole(spelt!), Whole(other));
            if (logProbability > most)
            {
                (best, most) = ((spelt!, other), logProbability);
            }
        }

        return best;
    }

    private double First(AnswerSpelling? spelling) =>
        spelling is null ? double.NegativeInfinity : intact.LogProbabilities([spelling.Tokens[0]])[0];

    private double Whole(AnswerSpelling? spelling) =>
        spelling is null ? double.NegativeInfinity : intact.LogProbabilities(spelling.Tokens).Sum();

    /// <summary>log(exp a + exp b).</summary>
    private static double Added(double a, double b) =>
        Math.Max(a, b) is var most && double.IsNegativeInfinity(most)
            ? most
            : most + Math.Log(Math.Exp(a - most) + Math.Exp(b - most));
}
