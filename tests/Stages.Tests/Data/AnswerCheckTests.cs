using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data;

public sealed class AnswerCheckTests
{
    private static readonly Dictionary<string, IReadOnlyList<string>> Synonyms = new()
    {
        ["airplane"] = ["plane", "aeroplane"],
        ["TV"] = ["television"],
    };

    private static readonly AnswerCheck Check = new(plurals: true, Synonyms);

    [Theory]
    [InlineData("dog", "dog", true)]
    [InlineData("Dog.", "dog", true)]
    [InlineData(" DOG \n", "dog", true)]
    [InlineData("dogs", "dog", true)]
    [InlineData("Cat", "dog", false)]
    [InlineData("a dog", "dog", false)] // the first token, "a", would become the target
    [InlineData("dog and cat", "dog", false)]
    [InlineData("do", "dog", false)]
    [InlineData("Hot-dog", "hot dog", true)]
    [InlineData("hotdogs", "hot dog", true)]
    [InlineData("fire_hydrant", "fire hydrant", true)]
    [InlineData("hydrant", "fire hydrant", false)]
    [InlineData("plane", "airplane", true)]
    [InlineData("Aeroplanes", "Airplane", true)]
    [InlineData("television", "tv", true)]
    [InlineData("plane", "tv", false)]
    [InlineData("people", "person", true)]
    [InlineData("persons", "person", true)]
    [InlineData("buses", "bus", true)]
    [InlineData("bu", "bus", false)]
    [InlineData("glas", "glass", false)]
    [InlineData("knives", "knife", true)]
    [InlineData("scarves", "scarf", true)]
    [InlineData("strawberries", "strawberry", true)]
    [InlineData("toys", "toy", true)]
    [InlineData("sandwiches", "sandwich", true)]
    [InlineData("potatoes", "potato", true)]
    [InlineData("sheep", "sheep", true)]
    [InlineData("grape", "grapes", true)]
    [InlineData("teddy bears", "teddy bear", true)]
    [InlineData("teddies bear", "teddy bear", false)]
    [InlineData("cafe\u0301", "caf\u00e9", true)]
    public void An_answer_is_right_where_it_is_the_category_and_nothing_else(
        string answer,
        string category,
        bool correct
    ) => Check.Judge(answer, category).Correct.Should().Be(correct);

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("...")]
    [InlineData("\ud800")]
    public void An_empty_answer_is_wrong_with_and_without_a_category(string answer)
    {
        Check.Judge(answer, "dog").Should().Be(new AnswerVerdict(false, "the answer is empty"));
        Check.Judge(answer, null).Correct.Should().BeFalse();
    }

    [Fact]
    public void Without_a_category_every_other_answer_is_right() =>
        Check.Judge("Whatever", null).Should().Be(new AnswerVerdict(true, null));

    [Fact]
    public void Plurals_are_wrong_where_not_asked_for()
    {
        var strict = new AnswerCheck(plurals: false, Synonyms);

        strict.Judge("dogs", "dog").Should().Be(new AnswerVerdict(false, "the answer is 'dogs', not 'dog'"));
        strict.Judge("Plane!", "airplane").Correct.Should().BeTrue();
    }

    [Fact]
    public void Synonyms_of_an_unknown_category_are_an_error()
    {
        var set = new PictureSet("here", [new DataItem("1", "a", "/a", "tv")], ["tv", "air plane"]);

        Check.Invoking(c => c.RequireKnown(set)).Should().NotThrow();
        new AnswerCheck(true, new Dictionary<string, IReadOnlyList<string>> { ["tvs"] = [] })
            .Invoking(c => c.RequireKnown(set))
            .Should()
            .Throw<InputException>()
            .WithMessage("answer.synonyms: 'tvs' is no category of the data. There are: air plane, tv.");
    }

    [Property(MaxTest = 300)]
    public void Case_and_punctuation_never_matter(string answer, string category)
    {
        AnswerVerdict plain = Check.Judge(answer ?? "", category ?? "");

        Check
            .Judge($"  {(answer ?? "").ToUpperInvariant().ToLowerInvariant()}!", category ?? "")
            .Correct.Should()
            .Be(Check.Judge((answer ?? "").ToLowerInvariant(), category ?? "").Correct);
        (plain.Reason is null).Should().Be(plain.Correct);
    }

    [Fact]
    public void Every_bundled_category_accepts_itself_and_its_plural_but_no_other()
    {
        string quickstart = Path.Combine(Golden.RepositoryRoot(), "experiments", "quickstart");
        IReadOnlyList<string> categories = CocoReader
            .Read(
                Path.Combine(quickstart, "images"),
                Path.Combine(quickstart, "instances.json"),
                new SingleObject(0.05, 0.02),
                missing: 0
            )
            .Categories;

        categories.Should().HaveCount(72);
        foreach (string category in categories)
        {
            categories.Where(c => Check.Judge(c, category).Correct).Should().Equal(category);
            Plurals.Of(category).Should().OnlyContain(p => Check.Judge(p, category).Correct);
        }
    }
}
