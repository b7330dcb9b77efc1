using System.Globalization;
using System.Text;
using Pipelines.Domain.Errors;

namespace Pipelines.Stages.Data;

/// <summary>Whether an answer is right, and why not.</summary>
/// <param name="Correct">The answer counts as right.</param>
/// <param name="Reason">Why it does not, or null.</param>
internal sealed record AnswerVerdict(bool Correct, string? Reason);

/// <summary>
/// When an answer counts as right: it is the category or a synonym and nothing else, since the first token of its word
/// becomes the target. Case, punctuation, blanks and hyphens do not matter ("Hot-dog." is "hot dog"); plurals of the
/// last word are accepted where asked for, in both directions ("grape" for "grapes"). An empty answer is wrong.
/// </summary>
internal sealed class AnswerCheck
{
    private const int MostListed = 100;

    private readonly bool plurals;
    private readonly Dictionary<string, List<Term>> synonyms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> spellings = new(StringComparer.Ordinal); // as written
    private readonly List<string> namedCategories;

    /// <summary>A rule.</summary>
    /// <param name="plurals">Plurals are accepted.</param>
    /// <param name="synonyms">Further accepted words by category.</param>
    public AnswerCheck(bool plurals, IReadOnlyDictionary<string, IReadOnlyList<string>> synonyms)
    {
        this.plurals = plurals;
        namedCategories = [.. synonyms.Keys];
        foreach ((string category, IReadOnlyList<string> words) in synonyms)
        {
            string key = Term.Of(category).Joined;
            if (!this.synonyms.TryGetValue(key, out List<Term>? terms))
            {
                this.synonyms[key] = terms = [];
                spellings[key] = [];
            }

            terms.AddRange(words.Select(Term.Of).Where(t => !t.IsEmpty));
            spellings[key].AddRange(words);
        }
    }

    /// <summary>Judges an answer.</summary>
    /// <param name="answer">What the model said.</param>
    /// <param name="category">What the picture shows; null: nothing is judged, and every answer that holds a word
    /// passes.</param>
    public AnswerVerdict Judge(string answer, string? category)
    {
        var said = Term.Of(answer);
        if (said.IsEmpty)
        {
            return new AnswerVerdict(false, "the answer is empty");
        }

        if (category is null)
        {
            return new AnswerVerdict(true, null);
        }

        var wanted = Term.Of(category);
        bool right =
            Matches(said, wanted)
            || (synonyms.TryGetValue(wanted.Joined, out List<Term>? others) && others.Exists(t => Matches(said, t)));
        return right
            ? new AnswerVerdict(true, null)
            : new AnswerVerdict(false, $"the answer is '{answer.Trim()}', not '{category}'");
    }

    /// <summary>A category and its synonyms, as written.</summary>
    public IEnumerable<string> Spellings(string category) =>
        spellings.TryGetValue(Term.Of(category).Joined, out List<string>? others)
            ? others.Prepend(category)
            : [category];

    /// <summary>
    /// Demands that every category that has synonyms occurs in the data: a misspelt one would silently do nothing.
    /// </summary>
    /// <exception cref="InputException">One does not.</exception>
    public void RequireKnown(PictureSet pictures)
    {
        HashSet<string> known = [.. pictures.Categories.Select(c => Term.Of(c).Joined)];
        if (namedCategories.Find(n => !known.Contains(Term.Of(n).Joined)) is { } unknown)
        {
            string remedy =
                known.Count == 0 ? "The pictures have no categories."
                : known.Count <= MostListed ? $"There are: {string.Join(", ", pictures.Categories)}."
                : $"The names of its {known.Count.ToString(CultureInfo.InvariantCulture)} categories stand in "
                    + $"{pictures.Source}.";
            throw new InputException("answer.synonyms", $"'{unknown}' is no category of the data.", remedy);
        }
    }

    private bool Matches(Term said, Term wanted) =>
        said.Joined == wanted.Joined
        || (
            plurals
            && (
                wanted.Plurals().Contains(said.Joined) || (wanted.MayBePlural && said.Plurals().Contains(wanted.Joined))
            )
        );

    /// <summary>A name reduced to what is compared.</summary>
    /// <param name="Stem">All words but the last, joined.</param>
    /// <param name="Last">The last word.</param>
    private readonly record struct Term(string Stem, string Last)
    {
        public string Joined => Stem + Last;

        public bool IsEmpty => Last.Length == 0;

        public bool MayBePlural => Data.Plurals.MayBePlural(Last);

        public IEnumerable<string> Plurals()
        {
            string stem = Stem;
            return Data.Plurals.Of(Last).Select(p => stem + p);
        }

        /// <summary>Runs of letters, marks and digits in lower case, Unicode NFKC.</summary>
        public static Term Of(string text)
        {
            var valid = new StringBuilder();
            foreach (Rune rune in text.EnumerateRunes())
            {
                valid.Append(rune.ToString()); // lone surrogates become U+FFFD: Normalize refuses them
            }

            var words = new List<StringBuilder>();
            bool inside = false;
            foreach (Rune rune in valid.ToString().Normalize(NormalizationForm.FormKC).EnumerateRunes())
            {
                bool letter =
                    Rune.IsLetterOrDigit(rune)
                    || Rune.GetUnicodeCategory(rune)
                        is UnicodeCategory.NonSpacingMark
                            or UnicodeCategory.SpacingCombiningMark;
                if (letter)
                {
                    if (!inside)
                    {
                        words.Add(new StringBuilder());
                    }

                    words[^1].Append(Rune.ToLowerInvariant(rune).ToString());
                }

                inside = letter;
            }

            return words.Count == 0
                ? new Term("", "")
                : new Term(string.Concat(words.Take(words.Count - 1)), words[^1].ToString());
        }
    }
}
