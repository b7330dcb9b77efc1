using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>VQAv2: questions, annotations and complementary pairs.</summary>
public sealed class Vqav2Tests
{
    private const string QuestionFile = "v2_OpenEnded_mscoco_val2014_questions.json",
        AnnotationFile = "v2_mscoco_val2014_annotations.json",
        One = "COCO_val2014_000000000042.jpg",
        Two = "COCO_val2014_000000000073.jpg";

    private static string Questions(string rows, string before = "", string after = "") =>
        $$"""{"info": {"questions": 1}, {{before}} "questions": [{{rows}}]{{after}}}""";

    private const string Rows = """
        {"image_id": 42, "question": "What color is the dog?", "question_id": 42000},
        {"image_id": 73, "question": "What color is the dog?", "question_id": 73001}
        """;

    private static string Annotation(int question, int image, string answer) =>
        $$"""
            {"question_type": "what color is the", "multiple_choice_answer": "{{answer}}", "image_id": {{image}},
             "answers": [{"answer": "{{answer}}", "answer_confidence": "yes", "answer_id": 1},
                         {"answer": " Brown", "answer_confidence": "no", "answer_id": 2}],
             "answer_type": "other", "question_id": {{question}}}
            """;

    private static QuestionFolder Folder(string? annotations = null, string subtype = "\"data_subtype\": \"val2014\",")
    {
        var folder = new QuestionFolder(One, Two);
        folder.Write(QuestionFile, Questions(Rows, before: subtype));
        if (annotations is not null)
        {
            folder.Write(AnnotationFile, $$"""{"annotations": [{{annotations}}], "data_subtype": "val2014"}""");
        }

        return folder;
    }

    private static string Both => Annotation(73001, 73, "black") + "," + Annotation(42000, 42, "white");

    [Fact]
    public void A_question_is_joined_to_its_annotation_and_named_picture()
    {
        using var folder = Folder(Both);

        var set = folder.Read(QuestionFile);

        set.Format.Should().Be(QuestionFormat.Vqav2);
        set.Rows.Select(r => r.File).Should().Equal(One, Two);
        set.Rows.Select(r => r.Category).Should().Equal("white", "black");
        var question = set.Rows[0].Question!;
        (question.Id, question.Text).Should().Be(("42000", "What color is the dog?"));
        question.Annotations.Should().Equal("white", " Brown");
        question.Groups.Should().Equal("what color is the", "other");
        set.Files.Select(f => (f.Name, f.Rows, f.Role))
            .Should()
            .Equal((QuestionFile, 2, "questions"), (AnnotationFile, 2, "annotations"));
        set.Notes.Should().BeEmpty();
    }

    [Theory]
    [InlineData("\"data_subtype\": \"val2014\",", "")]
    [InlineData("", ", \"data_subtype\": \"val2014\"")]
    [InlineData("", "")]
    public void The_pictures_name_holds_the_subtype_wherever_it_stands(string before, string after)
    {
        using var folder = new QuestionFolder(One, Two);
        folder.Write(QuestionFile, Questions(Rows, before, after));

        folder.Read(QuestionFile).Rows.Select(r => r.File).Should().Equal(One, Two);
    }

    [Fact]
    public void Pictures_of_test_dev_are_those_of_test()
    {
        using var folder = new QuestionFolder("COCO_test2015_000000000042.jpg");
        folder.Write("q.json", Questions(Rows, "\"data_subtype\": \"test-dev2015\","));

        var set = folder.Read("q.json");

        set.Rows[0].File.Should().Be("COCO_test2015_000000000042.jpg");
        set.Rows.Select(r => r.Gone).Should().Equal(null, "the picture is not on disk");
    }

    [Fact]
    public void Without_annotations_there_are_no_answers_and_the_file_is_named()
    {
        using var folder = Folder();

        var set = folder.Read(QuestionFile);

        set.Rows.Should().OnlyContain(r => r.Question!.Answers.Count == 0 && r.Category == null);
        set.Notes.Should().Contain(n => n.StartsWith(QuestionFile) && n.Contains("no answers"));
    }

    [Fact]
    public void A_question_that_is_not_annotated_or_with_another_picture_is_left_out()
    {
        using var folder = Folder(Annotation(42000, 73, "white"));

        var read = () => folder.Read(QuestionFile);

        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .Contain("1: the annotations have its question_id with another picture, 73")
            .And.Contain("1: the annotations say nothing of its question_id");
    }

    [Fact]
    public void Each_of_a_pair_is_held_against_the_other()
    {
        using var folder = Folder(Both);
        string pairs = folder.Write("pairs.json", "[[42000, 73001], [1, 2]]");

        var set = folder.Read(QuestionFile, s => s with { Pairs = pairs });

        var question = set.Rows[0].Question!;
        question.CounterAnswer.Should().Be("black");
        question.CounterPicture.Should().Be(new PictureFile(folder.Path(Two)));
        set.Rows[1].Question!.CounterAnswer.Should().Be("white");
        set.Notes.Should().ContainSingle().Which.Should().Contain("1 of 2 complementary pairs");
    }

    [Theory]
    [InlineData("[[42000, 73001], [73001, 5]]", "pairs.json:2: question_id 73001 is in two pairs: row 1 has it, too.")]
    [InlineData("[[42000]]", "pairs.json:1: a pair of question ids is expected.")]
    [InlineData("[[42000, 73001, 5]]", "pairs.json:1: a pair of question ids is expected.")]
    [InlineData("[42000]", "pairs.json:1: a pair of question ids is expected.")]
    public void A_damaged_file_of_pairs_is_refused(string text, string message)
    {
        using var folder = Folder(Both);
        string pairs = folder.Write("pairs.json", text);

        var read = () => folder.Read(QuestionFile, s => s with { Pairs = pairs });

        read.Should().Throw<InputException>().Which.Message.Should().Contain(message);
    }

    [Fact]
    public void Annotations_and_pairs_of_another_format_are_refused_not_passed_over()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines("q.jsonl", """{"question": "Q?", "image": "a.jpg", "answer": "x"}""");
        string pairs = folder.Write("pairs.json", "[[1, 2]]");

        var annotated = () => folder.Read("q.jsonl", s => s with { Annotations = pairs });
        var paired = () => folder.Read("q.jsonl", s => s with { Pairs = pairs });

        annotated
            .Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .Contain("annotations belong to the format vqav2");
        paired.Should().Throw<InputException>().Which.Message.Should().Contain("pairs belong to the format vqav2");
    }

    [Fact]
    public void A_pair_with_one_answer_is_left_out()
    {
        using var folder = Folder(Annotation(73001, 73, "white") + "," + Annotation(42000, 42, "white"));
        string pairs = folder.Write("pairs.json", "[[42000, 73001]]");

        var read = () => folder.Read(QuestionFile, s => s with { Pairs = pairs });

        read.Should().Throw<InputException>().Which.Message.Should().Contain("have the answer 'white'");
    }

    [Fact]
    public void A_question_that_is_annotated_twice_is_refused_with_both_rows()
    {
        using var folder = Folder(Both + "," + Annotation(42000, 42, "red"));

        var read = () => folder.Read(QuestionFile);

        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .Contain($"{AnnotationFile}:3: question_id 42000 is annotated twice: row 2 has it, too.");
    }
}
