using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Pipelines.Stages.Data.Questions;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>Files whose columns are named, and those whose columns are recognised.</summary>
public sealed class ColumnsTests
{
    private static Func<QuestionSource, QuestionSource> With(QuestionColumns columns) =>
        source => source with { Format = QuestionFormat.Columns, Columns = columns };

    public static TheoryData<string, string, string, string> Recognised =>
        new()
        {
            {
                "vlm_lens.csv",
                "id,prompt,label,image_path\n7,What is it?,cat,a.jpg\n",
                "columns: CSV with columns { id, image: image_path, question: prompt, answer: label }",
                "7|What is it?|cat||a.jpg"
            },
            {
                "vlm_lens.json",
                """[{"id": 7, "prompt": "What is it?", "label": "cat", "image_path": "a.jpg"}]""",
                "columns: JSON with columns { id, image: image_path, question: prompt, answer: label }",
                "7|What is it?|cat||a.jpg"
            },
            {
                "heads.jsonl",
                """{"id": "x7", "prompt": "the dog", "image_path": "./a.jpg"}""" + "\n",
                "columns: JSONL with columns { id, image: image_path, question: prompt }",
                "x7|the dog|||./a.jpg"
            },
            {
                "circuits.csv",
                "relative_image_path,prompt,gt_answer,pred_answer,cf_prompt,cf_images,cf_answer\n"
                    + "a.jpg,How many?,3,2,How many?,b.jpg,4\n",
                "columns: CSV with columns { image: relative_image_path, question: prompt, answer: gt_answer, "
                    + "counter_answer: cf_answer, counter_image: cf_images }",
                "|How many?|3|4|a.jpg"
            },
            {
                "own.jsonl",
                """{"question": "Q?", "image": "a.jpg", "answer": "x", "answers": ["x", "y"], "category": "p,q"}""",
                "columns: JSONL with columns { image, question, answer, answers, group: category }",
                "|Q?|x,y||a.jpg"
            },
        };

    [Theory]
    [MemberData(nameof(Recognised))]
    public void Files_of_the_field_are_recognised_and_why_says_which_columns(
        string name,
        string text,
        string why,
        string row
    )
    {
        using var folder = new QuestionFolder("a.jpg", "b.jpg");
        folder.Write(name, text);

        var set = folder.Read(name);

        (set.Format, set.Why).Should().Be((QuestionFormat.Columns, why));
        var question = set.Only();
        string.Join(
                '|',
                question.Id,
                question.Text,
                string.Join(',', question.Answers),
                question.CounterAnswer,
                set.Rows[0].File
            )
            .Should()
            .Be(row);
        set.Rows[0].Gone.Should().BeNull();
    }

    [Fact]
    public void A_file_of_no_known_format_says_its_columns_and_how_to_name_them()
    {
        using var folder = new QuestionFolder();
        folder.Write("q.csv", "frage,bild\nWas?,a.jpg\n");

        var read = () => folder.Read("q.csv");

        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .Be(
                $"{folder.Path("q.csv")}: is of no format that is known (CSV). Its columns are 'frage', 'bild'. "
                    + "Name the columns: format: columns, columns: { question: …, image: …, answer: … }."
            );
    }

    [Theory]
    [InlineData("q.csv", "bild,frage,x\na.jpg,Was?,1\n")]
    [InlineData("q.jsonl", """{"bild": "a.jpg", "frage": "Was?", "x": 1}""")]
    public void A_column_that_is_not_there_is_named_with_those_that_are(string name, string text)
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Write(name, text);

        var read = () => folder.Read(name, s => With(
                    new()
                    {
                        Image = "bild",
                        Question = "frage",
                        Answer = "antwort",
                    }
                )(s) with
        { Nearest = (wrong, names) => wrong == "antwort" ? names.Last() : null });

        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .Be(
                $"{folder.Path(name)}: has no column 'antwort' (columns.answer). Its columns are 'bild', 'frage', 'x'. "
                    + "Did you mean 'x'?"
            );
    }

    [Fact]
    public void Everything_that_can_be_named_is_read()
    {
        using var folder = new QuestionFolder("pictures/a.jpg", "pictures/b.jpg");
        folder.Lines(
            "data/q.jsonl",
            """{"n": 0, "i": {"path": "a.jpg"}, "q": "Q?", "all": "['x', 'y']", "not": "z", "j": "b.jpg","""
                + """ "g": ["p", "q"]}""",
            """{"n": "1", "i": "a.jpg", "q": "R?", "all": ["x"], "not": "X", "g": null}"""
        );

        var set = folder.Read("data/q.jsonl", s => With(
                new()
                {
                    Id = "n",
                    Image = "i",
                    Question = "q",
                    Answers = "all",
                    CounterAnswer = "not",
                    CounterImage = "j",
                    Group = "g",
                }
            )(s) with
        { Images = folder.Path("pictures") });

        var question = set.Only();
        (question.Id, question.CounterAnswer).Should().Be(("0", "z"));
        question.Answers.Should().Equal("x", "y");
        question.Groups.Should().Equal("p", "q");
        question.CounterPicture.Should().Be(new PictureFile(folder.Path("pictures/b.jpg")));
        set.Rows[0].FullPath.Should().Be(folder.Path("pictures/a.jpg"));
        set.Reasons().Should().Equal("q.jsonl:2 its counter-answer 'X' is among the right ones");
    }

    [Fact]
    public void Columns_that_are_named_count_without_a_format()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines("q.jsonl", """{"question": "Q?", "other": "R?", "image": "a.jpg", "answer": "x"}""");

        var set = folder.Read("q.jsonl", s => s with { Columns = new() { Image = "image", Question = "other" } });

        set.Only().Text.Should().Be("R?");
        (set.Format, set.Why).Should().Be((QuestionFormat.Columns, "columns: the spec names them"));
    }

    [Fact]
    public void Options_are_shown_and_the_answer_is_their_letter()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines(
            "q.jsonl",
            """{"image": "a.jpg", "question": "Which?", "o": ["red", "blue"], "answer": "blue", "not": "A"}""",
            """{"image": "a.jpg", "question": "Which?", "o": "['red', 'blue']", "answer": "0", "not": "1"}"""
        );

        var set = folder.Read("q.jsonl", s => With(
                new()
                {
                    Image = "image",
                    Question = "question",
                    Options = "o",
                    Answer = "answer",
                    CounterAnswer = "not",
                }
            )(s) with
        { Letters = LetterBase.From0 });

        set.Rows.Select(r => r.Question!.Text).Should().OnlyContain(t => t == "Which?\nOptions:\nA. red\nB. blue");
        set.Rows.Select(r => (r.Category, r.Question!.CounterAnswer)).Should().Equal(("B", "A"), ("A", "B"));
    }

    [Fact]
    public void Names_of_pictures_are_relative_to_the_file_that_names_them()
    {
        using var folder = new QuestionFolder("x/p/a.jpg", "y/p/a.jpg");
        const string Row = """{"question": "Q?", "image": "p/a.jpg", "answer": "x"}""";
        folder.Lines("x/q.jsonl", Row);
        folder.Lines("y/q.jsonl", Row);

        var set = folder.Read(["x/q.jsonl", "y/q.jsonl"]);

        set.Rows.Select(r => (r.SampleId, r.File, r.FullPath))
            .Should()
            .Equal(
                ("x/q.jsonl:1", "p/a.jpg", folder.Path("x/p/a.jpg")),
                ("y/q.jsonl:1", "p/a.jpg", folder.Path("y/p/a.jpg"))
            );
    }

    [Fact]
    public void A_missing_picture_is_counted_and_all_missing_is_an_error()
    {
        using var folder = new QuestionFolder("a.jpg");
        const string Row = """{"question": "Q?", "image": "a.jpg", "answer": "x"}""";
        folder.Lines("some.jsonl", Row, Row.Replace("a.jpg", "n.jpg"), Row.Replace("a.jpg", "deep/n.jpg"));
        folder.Lines("none.jsonl", Row.Replace("a.jpg", "n.jpg"));

        var set = folder.Read("some.jsonl");

        set.Rows.Select(r => r.Gone).Should().Equal(null, PictureFolder.NotOnDisk, PictureFolder.NotOnDisk);
        set.Notes.Should().Equal("2 rows without its picture on disk (the first is some.jsonl:2)");
        var read = () => folder.Read("none.jsonl");
        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .StartWith(folder.Path("n.jpg"))
            .And.Contain("none.jsonl");
    }

    [Fact]
    public void Pictures_may_stand_in_json_as_base64()
    {
        using var folder = new QuestionFolder();
        string large = QuestionFolder.Base64("a large picture ", 1000),
            escaped = large.Replace("/", "\\/").Insert(8, "\\u003d").Remove(8, 6),
            small = "iVBORw0KGgo" + new string('A', 89);
        folder.Lines(
            "q.jsonl",
            $$"""{"question": "é?", "image": "{{large}}", "answer": "x"}""",
            $$"""{"question": "Q?", "image": "data:image/png;base64,{{escaped}}", "answer": "x"}""",
            $$"""{"question": "Q?", "image": "{{small}}", "answer": "x"}"""
        );

        var set = folder.Read("q.jsonl");

        set.Rows.Select(r => Convert.ToBase64String(r.Location.Read())).Should().Equal(large, large, small);
        set.Rows[0].Location.Should().BeOfType<JsonPicture>();
    }

    [Fact]
    public void Files_of_two_formats_are_refused()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines("own.jsonl", """{"question": "Q?", "image": "a.jpg", "answer": "x"}""");
        folder.Lines("pope.jsonl", """{"question_id": 1, "text": "Q?", "image": "a.jpg", "label": "yes"}""");

        var read = () => folder.Read(["own.jsonl", "pope.jsonl"]);

        read.Should().Throw<InputException>().Which.Message.Should().Contain("is of another format than own.jsonl");
    }
}
