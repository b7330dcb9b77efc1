using FluentAssertions;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>Text tokens of samples that are not asked the same.</summary>
public sealed class TextRolesTests
{
    private static readonly Dictionary<TextRole, char> Letters = new()
    {
        [TextRole.Before] = 'b',
        [TextRole.Question] = 'q',
        [TextRole.After] = 'a',
        [TextRole.Given] = 'g',
        [TextRole.Text] = 't',
    };

    /// <summary>Tokens with '|' between, what was asked, tokens given, a letter a token.</summary>
    public static TheoryData<string, string, string, int, string> Texts =>
        new()
        {
            { "SentencePiece, blanks as blanks", " |\n|What| is| this|?| A|SS|:", "What is this?", 0, "bbqqqqaaa" },
            { "SentencePiece's own blank", "▁|<0x0A>|What|▁is|▁this|?|▁A|SS|:", "What is this?", 0, "bbqqqqaaa" },
            { "byte-level, marks by name", "<end>|What| is|?|<im_end>|\n|assistant", "What is?", 0, "bqqqaaa" },
            { "tokens of the answer", " |Why|?|:| The", "Why?", 1, "bqqag" },
            { "an answer that says the question", "Why|?|:| Why|?", "Why?", 2, "qqagg" },
            { "a line end inside", "A|:|\n|x|\n\n|B|!", "A:\n x\nB", 0, "qqqqqqa" },
            { "blanks around it", "\n| Why|?| |A", "  Why?\n", 0, "bqqaa" },
            { "a token spans its end", "\n|Why|?A|SS", "Why?", 0, "bqqa" },
            { "a token spans its start", "\nWhy|?|A", "Why?", 0, "qqa" },
            { "bytes of a letter", "x|<0xE5>|<0xAD><0xA6>|?|:", "学?", 0, "bqqqa" },
            { "bytes that begin in another word", "<0x20><0xE5>|<0xAD>|<0xA6>|:", "学", 0, "qqqa" },
            { "as a tokenizer normalised it", "\n|cafe\u0301|?|:", "caf\u00e9?", 0, "bqqa" },
            { "composed by the tokenizer", "\n|caf\u00e9|?|:", "cafe\u0301?", 0, "bqqa" },
            { "full width made plain", "\n|Why|?|:", "\uff37hy\uff1f", 0, "bqqa" },
            { "unknown to the tokenizer", "\n|<unk>|?|:|Cat", "☃?", 1, "ttttg" },
            { "no question", "\n|A|:", "", 0, "ttt" },
            { "only blanks asked", "\n|A|:", " \n", 0, "ttt" },
            { "all is given", "A|B", "A", 5, "gg" },
        };

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_token_has_the_role_of_the_text_that_it_spells(
        string what,
        string tokens,
        string question,
        int given,
        string roles
    ) => Roles(Asked(tokens, question, given))[0].Should().Be(roles, what);

    [Fact]
    public void A_question_that_stands_twice_is_where_the_text_around_it_is_that_of_most_samples() =>
        Roles(Asked("A|:|A| A|SS", "A"), Asked("A|:|Why|?| A|SS", "Why?"), Asked("A|:|Is|?| A|SS", "Is?"))
            .Should()
            .Equal("bbqaa", "bbqqaa", "bbqqaa");

    [Fact]
    public void Half_a_letter_is_no_question_that_is_found() => Roles(Asked("\n|A", "\ud83d")).Should().Equal("tt");

    [Fact]
    public void A_question_that_stands_twice_and_alone_is_the_first() =>
        Roles(Asked("A|:|A", "A")).Should().Equal("qaa");

    [Fact]
    public void Samples_with_the_same_tokens_need_no_roles() =>
        Findings.Of(MadeUpReport.Of(samples: 3, masks: 50)).Tokens!.Roles.Should().BeNull();

    [Fact]
    public void Template_tokens_are_laid_over_each_other_and_a_question_is_summed_over_all_samples()
    {
        TokenFindings tokens = TwoLengths().Tokens!;
        tokens.Texts.Should().HaveCount(4);
        tokens
            .Roles!.Rows.Select(r => (r.Role, r.Position, r.Token, r.Delta.Count))
            .Should()
            .Equal(
                (TextRole.Before, -1, "\n", 4),
                (TextRole.Question, null, null, 4),
                (TextRole.After, 1, " A", 4),
                (TextRole.After, 2, ":", 4),
                (TextRole.Given, null, null, 1)
            );
        double[] means = [.. tokens.Roles.Rows.Select(r => r.Delta.Mean)];
        // Short questions: 0.1 + 0.2; long ones: 0.1 + 0.2 - 0.1 + 0.3
        means[1].Should().BeApproximately(((2 * 0.3) + (2 * 0.5)) / 4, 1e-12);
        means[3].Should().BeApproximately(0.4, 1e-12);
        means[4].Should().BeApproximately(0.2, 1e-12);
        tokens.Roles.Rows.Select(r => r.Importance.Mean).Should().Equal(0, 1, 0, 1, 1);
    }

    [Fact]
    public void Shares_are_of_the_positive_delta_of_a_sample_and_sum_to_one()
    {
        RoleFindings roles = TwoLengths().Tokens!.Roles!;
        // 0.3 of 0.7 in two, 0.6 of 1.0 in one, 0.6 of 1.2 in the one with a given token
        double question = ((2 * 0.3 / 0.7) + 0.6 + (0.6 / 1.2)) / 4;
        roles.Shares[TextRole.Question].Mean.Should().BeApproximately(question, 1e-12);
        roles.Shares[TextRole.Given].Mean.Should().BeApproximately(0.2 / 1.2 / 4, 1e-12);
        roles.Shares.Values.Sum(s => s.Mean).Should().BeApproximately(1, 1e-12);
    }

    [Fact]
    public void A_figure_by_role_counts_all_samples_and_shows_the_words_of_some()
    {
        Drawing figure = TextTokensFigure.Of(TwoLengths())!;
        figure.Shows.Should().StartWith("Each picture is asked its own question").And.Contain("on the question");
        figure
            .Table.Rows.Select(r => r[0])
            .Should()
            .Equal("template before", "question", "template after", "template after", "given");
        figure.Table.Rows[1].Skip(1).Take(2).Should().OnlyContain(cell => cell == null);
        foreach (string svg in new[] { figure.Draw(Drawing.Wide, "x"), figure.Draw(Drawing.Narrow, "x") })
        {
            svg.Should().Contain("long").And.Contain("question");
        }
    }

    [Fact]
    public void A_question_that_is_not_found_is_said_so_and_its_sample_still_counts()
    {
        ReportData data = OfTwoLengths();
        data = data.Each<SampleRow>(r => r.SampleId == "000001" ? r with { Question = "☃" } : r);
        TokenFindings tokens = Findings.Of(data).Tokens!;
        tokens.Roles!.Found.Should().Be(3);
        tokens.Roles.Rows[^1].Should().Match<RoleRow>(r => r.Role == TextRole.Text && r.Delta.Count == 1);
        tokens.Roles.Shares[TextRole.Question].Count.Should().Be(3);
        tokens.Roles.Shares[TextRole.Text].Mean.Should().BeApproximately(1, 1e-12);
        TextTokensFigure.Of(Findings.Of(data))!.Shows.Should().Contain("In 1 sample the question is not found");
    }

    [Fact]
    public void Where_only_the_given_tokens_differ_the_question_is_shown_token_by_token()
    {
        ReportData data = MadeUpReport.Of(samples: 4, masks: 50);
        data = data.EachTrace(s =>
                s.SampleId == "000001"
                    ? s with
                    {
                        Tokens = [.. s.Tokens, " The"],
                        Delta = [.. s.Delta, 0.1],
                        Important = [.. s.Important, true],
                    }
                    : s
            )
            .With(data.Samples.Select(s => Row(s, data.Question, s.SampleId == "000001" ? "9" : null)));
        Findings findings = Findings.Of(data);
        findings.Tokens!.Roles!.Rows.Count(r => r.Role == TextRole.Question).Should().Be(16);
        findings.Tokens.Roles.Rows.Should().OnlyContain(r => r.Role == TextRole.Given || r.Token != null);
        TextTokensFigure.Of(findings)!.Shows.Should().StartWith("What is given of the answer differs");
    }

    [Fact]
    public void The_papers_numbers_are_held_against_experiments_like_the_papers_only()
    {
        ReportData data = MadeUpReport.Of(4, 6, samples: 3, masks: 40, model: "llava-1.5-7b-hf");
        Findings.Of(data).Papers.Should().ContainSingle();
        foreach (
            ReportData other in new[] { data with { HasOwnQuestions = true }, data with { Measures = "probability" } }
        )
        {
            Findings findings = Findings.Of(other);
            findings.Papers.Should().BeEmpty();
            string page = HtmlReport.Page(findings, Figures.Of(findings));
            page.Should().NotContain("LLaVA-1.5-7B").And.NotContain("ten models");
        }
    }

    [Fact]
    public void A_page_of_questions_shows_the_samples_question_and_no_placeholder()
    {
        ReportData data = MadeUpReport.Of(4, 6, samples: 3, masks: 40) with
        {
            Question = "Look. {question}",
            HasOwnQuestions = true,
        };
        data = data.EachSample(s => s with { Question = $"What is {s.SampleId}?" });
        Findings findings = Findings.Of(data);
        string page = HtmlReport.Page(findings, Figures.Of(findings));
        page.Should()
            .NotContain("{question}")
            .And.Contain("each picture is asked its own question")
            .And.Contain("differ with the question")
            .And.Contain("What is 000001?");
    }

    [Fact]
    public void What_f_is_stands_in_the_sentences_where_it_is_not_the_papers()
    {
        ReportData data = MadeUpReport.Of(4, 6, samples: 3, masks: 40) with
        {
            Measures = "probability of an answer",
            Measured = "the probability of the answer",
        };
        Findings findings = Findings.Of(data);
        string page = HtmlReport.Page(findings, Figures.Of(findings));
        page.Should()
            .Contain("raises the probability of the answer")
            .And.Contain("probability of an answer")
            .And.NotContain("answer's logit")
            .And.NotContain("answer&#39;s logit")
            .And.NotContain("normalised logit")
            .And.NotContain("logit kept");
    }

    private static AskedText Asked(string tokens, string question, int given = 0) =>
        new(tokens.Split('|'), question, given);

    private static string[] Roles(params AskedText[] samples) =>
        [.. TextRoles.Of(samples).Select(of => string.Concat(of.Select(role => Letters[role])))];

    private static Findings TwoLengths() => Findings.Of(OfTwoLengths());

    /// <summary>Two short questions and two long ones; the last sample has a token of the answer.</summary>
    private static ReportData OfTwoLengths()
    {
        ReportData data = MadeUpReport.Of(4, 6, samples: 4, masks: 40);
        return data.EachTrace(s =>
                s.SampleId switch
                {
                    "000000" or "000001" => With(s, ["\n", "Why", "?", " A", ":"], [0, 0.1, 0.2, 0, 0.4]),
                    "000002" => With(s, ["\n", "Is", " it", " long", "?", " A", ":"], [0, 0.1, 0.2, -0.1, 0.3, 0, 0.4]),
                    _ => With(
                        s,
                        ["\n", "Is", " this", " long", "?", " A", ":", " The"],
                        [0, 0.1, 0.2, -0.1, 0.3, 0, 0.4, 0.2]
                    ),
                }
            )
            .With(
                data.Samples.Select(s =>
                    s.SampleId switch
                    {
                        "000000" or "000001" => Row(s, "Why?", null),
                        "000002" => Row(s, "Is it long?", null),
                        _ => Row(s, "Is this long?", "9"),
                    }
                )
            );
    }

    private static TracedSample With(TracedSample sample, string[] tokens, double[] delta) =>
        sample with
        {
            Tokens = tokens,
            Delta = delta,
            Important = [.. delta.Select(d => d > 0.05)],
        };

    private static SampleRow Row(ReportSample sample, string question, string? given) =>
        new(
            sample.SampleId,
            sample.File,
            null,
            question,
            sample.Answer,
            "right",
            given,
            null,
            9,
            sample.Target,
            sample.Intact,
            sample.Ablated,
            SampleRow.Kept,
            null
        );
}
