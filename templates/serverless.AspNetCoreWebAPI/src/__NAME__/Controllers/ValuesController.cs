using Microsoft.AspNetCore.Mvc;

namespace __NAMESPACE__.Controllers;

/// <summary>A controller to start from: it answers below /api/values.</summary>
[ApiController]
[Route("api/[controller]")]
public class ValuesController : ControllerBase
{
    // GET api/values
    [HttpGet]
    public IEnumerable<string> Get()
    {
        return ["value1", "value2"];
    }

    // GET api/values/5
    [HttpGet("{id:int}")]
    public string Get(int id)
    {
        return $"value{id}";
    }

    // POST api/values
    [HttpPost]
    public ActionResult<string> Post([FromBody] string value)
    {
        return CreatedAtAction(nameof(Get), new { id = 3 }, value);
    }

    // PUT api/values/5
    [HttpPut("{id:int}")]
    public IActionResult Put(int id, [FromBody] string value)
    {
        return NoContent();
    }

    // DELETE api/values/5
    [HttpDelete("{id:int}")]
    public IActionResult Delete(int id)
    {
        return NoContent();
    }
}
